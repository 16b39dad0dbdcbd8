import { homedir } from "node:os";
import { join } from "node:path";

/** The user's cache folder, or the one that CDKTF_SERVERLESS_ML_CACHE names: what is kept from run to run. */
export function cacheFolder(): string {
  const { CDKTF_SERVERLESS_ML_CACHE, XDG_CACHE_HOME, LOCALAPPDATA } = process.env;
  if (CDKTF_SERVERLESS_ML_CACHE) return CDKTF_SERVERLESS_ML_CACHE;
  const platform = process.platform === "win32" ? LOCALAPPDATA : XDG_CACHE_HOME;
  return join(platform || join(homedir(), ".cache"), "cdktf-serverless-ml");
}
