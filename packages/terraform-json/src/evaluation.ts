import { resolve } from "node:path";
import type { Configuration } from "./configuration";
import { type Key, references, step, typedValue } from "./evaluate";
import { type Expression, ExpressionError, parseTemplate } from "./expression";
import { computedOf } from "./google";
import { projectNumber } from "./google/names";
import { assign, has, isBlock, type Json, objectOf } from "./json";
import type { Finding, ProviderDefaults, Stack, StackResource } from "./model";
import { convert as converted, typeConstraint } from "./types";
import { fromJson, toJson, type Value } from "./values";

/** Arguments of every resource that control its deployment. */
const META = new Set(["//", "depends_on", "lifecycle"]);
const REFUSED_META: Readonly<Record<string, string>> = {
  count: "count is not understood",
  for_each: "for_each is not understood",
  dynamic: "dynamic blocks are not understood",
  provisioner: "provisioners are not understood",
  connection: "connections of provisioners are not understood",
  provider: "providers other than the default one are not understood",
};
/** Evaluates one stack. Each attribute is evaluated once, on first use. */
export class Evaluation {
  private readonly findings: Finding[] = [];
  private readonly values = new Map<string, { value: Value } | "evaluating" | ExpressionError>();
  private readonly defaults: ProviderDefaults;

  constructor(private readonly json: Configuration) {
    this.findings.push(...json.findings);
    for (const [provider, configurations] of Object.entries(json.provider)) {
      if (configurations.length > 1) {
        this.report({ address: `provider.${provider}`, attribute: "", why: "more than one configuration" });
      }
    }
    const project = this.configuredDefault("project") ?? "local-project";
    this.defaults = { project, region: this.configuredDefault("region") ?? "us-central1" };
  }

  /**
   * The provider's project or region, for resources without their own. Configurations with an alias
   * do not count.
   */
  private configuredDefault(key: "project" | "region"): string | undefined {
    const google = this.json.provider.google?.find(({ alias }) => alias === undefined);
    if (google?.[key] === undefined || google[key] === null) return undefined;
    const value = this.convert("provider.google", [key], google[key]);
    if (value === undefined || typeof value === "string") return value;
    this.report({ address: "provider.google", attribute: key, why: "it is not a string" });
    return undefined;
  }

  stack({ name, folder }: { name: string; folder: string }): Stack {
    const resources = this.all("resource", "");
    const data = this.all("data", "data.");
    const outputs = Object.fromEntries(
      Object.entries(this.json.output).map(([key, output]) => [
        key,
        this.convert(`output.${key}`, [], objectOf(output).value),
      ]),
    );
    return {
      name,
      folder: resolve(folder),
      defaults: this.defaults,
      projectNumber: projectNumber(this.defaults.project),
      resources,
      data,
      outputs,
      sensitive: [
        ...Object.values(this.json.variable).flatMap((each) =>
          objectOf(each).sensitive === true ? [each.default] : [],
        ),
        ...Object.entries(this.json.output).flatMap(([key, each]) =>
          objectOf(each).sensitive === true ? [outputs[key]] : [],
        ),
      ].filter((value) => value !== undefined),
      moved: this.json.moved,
      findings: this.findings,
    };
  }

  private all(kind: "resource" | "data", prefix: string): StackResource[] {
    return Object.entries(this.json[kind]).flatMap(([type, byId]) =>
      Object.entries(byId).map(([id, configuration]) =>
        this.resource(`${prefix}${type}.${id}`, type, id, objectOf(configuration), kind),
      ),
    );
  }

  private resource(address: string, type: string, id: string, json: Json, kind: "resource" | "data"): StackResource {
    const configured: string[] = [];
    const depends = new Set<string>(
      (Array.isArray(json.depends_on) ? json.depends_on : []).filter((other: Value) => typeof other === "string"),
    );
    const attributes: Json = {};
    for (const [key, value] of Object.entries(json)) {
      const refused = Object.hasOwn(REFUSED_META, key) ? REFUSED_META[key] : undefined;
      if (refused !== undefined) this.report({ address, attribute: key, why: refused });
      if (refused !== undefined || META.has(key) || value === null) continue;
      collect(value, key, configured, depends);
      attributes[key] = this.convert(address, [key], value);
    }
    for (const attribute of Object.keys(computedOf(type, kind))) {
      const keys = attribute.split(".");
      if (has(attributes, keys)) continue;
      try {
        assign(attributes, keys, this.computed(address, type, kind, keys));
      } catch (error) {
        // The attribute that it is computed from has a finding already, or nothing refers to it.
        if (!(error instanceof ExpressionError) && !(error instanceof TypeError)) throw error;
      }
    }
    const path = json["//"]?.metadata?.path;
    return {
      address,
      type,
      id,
      attributes,
      configured: [...new Set(configured)],
      dependsOn: [...depends].sort(),
      ...(typeof path === "string" ? { path } : {}),
    };
  }

  /**
   * Evaluates a JSON value. A string that cannot be evaluated becomes a finding and undefined.
   */
  private convert(address: string, path: readonly Key[], value: Value): Value {
    if (Array.isArray(value)) return value.map((item, index) => this.convert(address, [...path, index], item));
    if (isBlock(value)) {
      return Object.fromEntries(
        Object.entries(value).map(([key, item]) => [key, this.convert(address, [...path, key], item)]),
      );
    }
    if (typeof value !== "string") return toJson(value);
    try {
      return toJson(this.template(`${address} ${path.join(" ")}`, value));
    } catch (error) {
      if (!(error instanceof ExpressionError)) throw error;
      this.report({ address, attribute: path.join("."), expression: value, why: error.message });
      return undefined;
    }
  }

  /** @param slot names the place, to find circular references */
  private template(slot: string, source: string): Value {
    const known = this.values.get(slot);
    if (known === "evaluating") throw new ExpressionError("it refers to itself");
    if (known instanceof ExpressionError) throw known;
    if (known) return known.value;
    this.values.set(slot, "evaluating");
    try {
      const value = typedValue(parseTemplate(source), (root, keys) => this.lookup(root, keys));
      this.values.set(slot, { value });
      return value;
    } catch (error) {
      if (error instanceof ExpressionError) this.values.set(slot, error);
      throw error;
    }
  }

  private lookup(root: string, keys: readonly Key[]): Value {
    const name = keys.map(String);
    switch (root) {
      case "data":
        return this.attribute(`data.${name[0]}.${name[1]}`, name[0], name[1], "data", keys.slice(2));
      case "var":
        return this.variable(name[0], keys.slice(1));
      case "local": {
        const local = this.json.locals;
        if (name[0] === undefined || !Object.hasOwn(local, name[0])) throw unknown(`local.${name[0]}`);
        return this.follow(`local.${name[0]}`, [], local[name[0]], keys.slice(1));
      }
    }
    if (/^(each|count|self|path|terraform|module)$/.test(root)) throw new ExpressionError(`${root} is not understood`);
    return this.attribute(`${root}.${name[0]}`, root, name[0], "resource", keys.slice(1));
  }

  private variable(name: string | undefined, keys: readonly Key[]): Value {
    const variables = this.json.variable;
    if (name === undefined || !Object.hasOwn(variables, name)) throw unknown(`var.${name}`);
    const variable = objectOf(variables[name]);
    if (variable.default === undefined) throw new ExpressionError(`var.${name} has no default`);
    // In Terraform, a default is a constant, never a template.
    const constant = (expression: Expression) =>
      typedValue(expression, () => {
        throw new ExpressionError("a reference where a constant is needed");
      });
    const given = fromJson(variable.default);
    const type = variable.type === undefined || variable.type === null ? undefined : typeExpression(variable.type);
    const value = type ? converted(given, typeConstraint(type, constant)) : given;
    return keys.reduce((inner, key) => step(inner, key, `var.${name}`), value);
  }

  private attribute(
    address: string,
    type: string | undefined,
    id: string | undefined,
    kind: "resource" | "data",
    keys: readonly Key[],
  ): Value {
    const configuration = type && id ? objectOf(this.json[kind][type])[id] : undefined;
    if (!type || !isBlock(configuration)) throw unknown(address);
    if (keys.length === 0) throw new ExpressionError(`${address} as a whole is not understood`);
    const [first, ...rest] = keys;
    if (typeof first === "string" && Object.hasOwn(configuration, first) && !META.has(first)) {
      // A block can have computed attributes, such as `service_config[0].uri`.
      const names = keys.filter((key) => typeof key === "string");
      if (!has(configuration, names) && this.isComputed(type, kind, names)) {
        return this.computed(address, type, kind, names);
      }
      return this.follow(address, [first], configuration[first], rest);
    }
    const names = keys.map(String).filter((key) => key !== "0");
    if (this.isComputed(type, kind, names)) return this.computed(address, type, kind, names);
    const why = "which is neither configured nor one that is computed here";
    throw new ExpressionError(`${address} has no ${keys.join(".")}, ${why}`);
  }

  /** Follows keys into a value of the JSON, and evaluates only the values on the way. */
  private follow(address: string, path: readonly Key[], value: Value, keys: readonly Key[]): Value {
    if (typeof value === "string") {
      const evaluated = this.template(`${address} ${path.join(" ")}`, value);
      return keys.reduce((inner, key) => step(inner, key, [address, ...path].join(".")), evaluated);
    }
    const [key, ...rest] = keys;
    if (key === undefined) return this.deep(address, path, value);
    if (key === 0 && isBlock(value) && !Object.hasOwn(value, "0")) return this.follow(address, path, value, rest);
    return this.follow(address, [...path, key], step(value, key, [address, ...path].join(".")), rest);
  }

  private deep(address: string, path: readonly Key[], value: Value): Value {
    if (typeof value === "string") return this.template(`${address} ${path.join(" ")}`, value);
    if (Array.isArray(value)) return value.map((item, index) => this.deep(address, [...path, index], item));
    if (!isBlock(value)) return value;
    return Object.fromEntries(
      Object.entries(value).map(([key, item]) => [key, this.deep(address, [...path, key], item)]),
    );
  }

  private isComputed(type: string, kind: "resource" | "data", keys: readonly Key[]): boolean {
    return Object.hasOwn(computedOf(type, kind), keys.join("."));
  }

  private computed(address: string, type: string, kind: "resource" | "data", keys: readonly Key[]): Value {
    const compute = computedOf(type, kind)[keys.join(".")];
    if (!compute) throw unknown(`${address}.${keys.join(".")}`);
    const id = address.slice(address.lastIndexOf(`${type}.`) + type.length + 1);
    const configuration = objectOf(objectOf(this.json[kind][type])[id]);
    const attributes = new Proxy(configuration, {
      get: (target, key) => {
        if (typeof key !== "string" || !Object.hasOwn(target, key) || target[key] === null) return undefined;
        return toJson(this.follow(address, [key], target[key], []));
      },
    });
    try {
      return compute(attributes, this.defaults);
    } catch (error) {
      if (!(error instanceof TypeError)) throw error;
      throw new ExpressionError(`${address}.${keys.join(".")} needs what is not configured`);
    }
  }

  private report(finding: Finding): void {
    this.findings.push(finding);
  }
}

/** In JSON, the type of a variable is a string, but not a template. */
function typeExpression(type: Value): Expression {
  if (typeof type !== "string") throw new ExpressionError("its type is not understood");
  return parseTemplate(/^\$\{.*\}$/s.test(type) ? type : `\${${type}}`);
}

/** Collects the paths of configured attributes, and the addresses that expressions refer to. */
function collect(value: Value, path: string, configured: string[], depends: Set<string>): void {
  if (Array.isArray(value)) {
    if (!value.some(isBlock)) configured.push(path);
    for (const item of value) {
      if (isBlock(item) || Array.isArray(item)) collect(item, path, configured, depends);
      else note(item, depends);
    }
  } else if (isBlock(value)) {
    if (Object.keys(value).length === 0) configured.push(path);
    for (const [key, item] of Object.entries(value)) {
      if (item !== null) collect(item, `${path}.${key}`, configured, depends);
    }
  } else {
    configured.push(path);
    note(value, depends);
  }
}

function note(value: Value, depends: Set<string>): void {
  if (typeof value !== "string") return;
  try {
    for (const { root, keys } of references(parseTemplate(value))) {
      if (root === "data") depends.add(`data.${keys[0]}.${keys[1]}`);
      else if (keys.length > 0 && !/^(var|local|each|count|self|path|terraform|module)$/.test(root)) {
        depends.add(`${root}.${keys[0]}`);
      }
    }
  } catch (error) {
    // The evaluation of the value reports it.
    if (!(error instanceof ExpressionError)) throw error;
  }
}

function unknown(address: string): ExpressionError {
  return new ExpressionError(`${address} is not in the stack`);
}
