import { existsSync } from "node:fs";

/** A Chromium of this machine: what CHROMIUM names, or one in a usual place. Undefined without one. */
export function findChromium(): string | undefined {
  return [
    process.env.CHROMIUM ?? "",
    "/usr/bin/chromium",
    "/usr/bin/chromium-browser",
    "/usr/bin/google-chrome",
    "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
  ].find((path) => path !== "" && existsSync(path));
}

/** What to say where there is none. */
export const NO_CHROMIUM = "there is no Chromium (CHROMIUM=<program> names one)";
