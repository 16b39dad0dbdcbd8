import { raised } from "../errors";
import { isMap, type Value } from "../values";
import { encodeJson } from "./data";
import { type Args, blocking, type Library, pure } from "./function";

const SEVERITIES = ["DEFAULT", "DEBUG", "INFO", "NOTICE", "WARNING", "ERROR", "CRITICAL", "ALERT", "EMERGENCY"];

/** Source: docs/reference/stdlib/sys. */
export const sys: Library = {
  "sys.get_env": pure("name default?", (args, context) => {
    const name = args.text("name");
    const value = context.environment(name) ?? (args.has("default") ? args.any("default") : undefined);
    if (value === undefined) throw raised("KeyError", `environment variable not found: ${name}`);
    return value;
  }),
  "sys.now": pure("", (_, context) => context.now()),
  "sys.log": blocking("data? severity? text? json? timeout?", (args, context) => {
    context.log(severity(args), entry(args));
    return null;
  }),
  "sys.sleep": blocking("seconds", async (args, context) => {
    await context.sleep(Number(args.number("seconds")), args.signal);
    return null;
  }),
  "sys.sleep_until": blocking("time", async (args, context) => {
    const time = Date.parse(args.text("time"));
    if (Number.isNaN(time)) throw raised("ValueError", `invalid time: ${args.text("time")}`);
    await context.sleep(Math.max(0, time / 1000 - context.now()), args.signal);
    return null;
  }),
};

/** Exactly one of three; maps become the entry's jsonPayload, everything else its textPayload. */
function entry(args: Args): Value {
  const given = ["data", "text", "json"].filter((name) => args.any(name) !== null);
  const [name = "data"] = given;
  if (given.length !== 1)
    throw raised("TypeError", `sys.log needs one of data, text and json; given: ${given.join(", ") || "none"}`);
  const value = args.any(name);
  if (name === "json") return args.map("json");
  if (name === "data" && isMap(value)) return value;
  return typeof value === "string" ? value : encodeJson(value);
}

function severity(args: Args): string {
  const name = args.has("severity") ? args.text("severity") : "DEFAULT";
  if (!SEVERITIES.includes(name)) throw raised("ValueError", `severity ${name}; allowed: ${SEVERITIES.join(", ")}`);
  return name;
}
