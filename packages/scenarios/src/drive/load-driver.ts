import { ModuleError, userModule } from "@cdktf-serverless-ml/emulator";
import type { Driver } from "./driver";

/** Loads a driver. @throws ModuleError for a file that is not one */
export async function loadDriver(path: string): Promise<Driver> {
  const { driver, default: main } = await userModule(path);
  const inner = Object(main) as Record<string, unknown>;
  const found = (driver ?? inner.driver ?? inner.default ?? main) as Partial<Driver> | undefined;
  for (const method of ["submit", "effects"] as const) {
    if (typeof found?.[method] !== "function") {
      throw new ModuleError(
        `${path} exports no driver: "driver" or the default export needs the functions submit and effects; ${method} is missing`,
      );
    }
  }
  return found as Driver;
}
