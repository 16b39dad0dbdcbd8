import { invalid } from "./storage-error";

interface Mask {
  [name: string]: Mask;
}

/**
 * The part of an answer that a `fields` parameter asks for: `name,size`, `items/name`,
 * `items(name,metadata/k)`, `*`. Source:
 * https://docs.cloud.google.com/storage/docs/json_api#partial-response
 *
 * @throws StorageError 400 for another form
 */
export function selectFields(fields: string, answer: object): object {
  const tokens = fields.match(/[^,/()]+|[,/()]/g) ?? [];
  const refused = () => invalid(`Invalid field selection ${fields}`);

  function list(): Mask {
    const mask: Mask = {};
    for (;;) {
      const name = tokens.shift();
      if (name === undefined || /^[,/()]$/.test(name)) throw refused();
      mask[name] = tail();
      if (tokens[0] !== ",") return mask;
      tokens.shift();
    }
  }
  function tail(): Mask {
    if (tokens[0] !== "/" && tokens[0] !== "(") return {};
    if (tokens.shift() === "/") {
      const name = tokens.shift();
      if (name === undefined || /^[,/()]$/.test(name)) throw refused();
      return { [name]: tail() };
    }
    const inner = list();
    if (tokens.shift() !== ")") throw refused();
    return inner;
  }

  const mask = list();
  if (tokens.length > 0) throw refused();
  return select(answer, mask) as object;
}

/** An empty mask takes everything. */
function select(value: unknown, mask: Mask): unknown {
  if (Object.keys(mask).length === 0 || typeof value !== "object" || value === null) return value;
  if (Array.isArray(value)) return value.map((item) => select(item, mask));
  return Object.fromEntries(
    Object.entries(value).flatMap(([name, item]) => {
      const inner = Object.hasOwn(mask, name) ? mask[name] : mask["*"];
      return inner ? [[name, select(item, inner)]] : [];
    }),
  );
}
