"use strict";
/*
 * Loaded into every process of a local run by NODE_OPTIONS=--require, before its own code. Google's
 * host names lead to the run's one TLS port, the metadata server's to the process's own, and every
 * other host is refused, by name.
 *
 * Plain CommonJS for Node 20 and later, which replaces functions of node:dns, node:net and
 * node:dgram that are public.
 */
const dgram = require("node:dgram");
const dns = require("node:dns");
const net = require("node:net");
const { syncBuiltinESMExports } = require("node:module");
const { promisify } = require("node:util");

const port = Number(process.env.LOCAL_GOOGLE_PORT);
const metadataPort = Number((process.env.GCE_METADATA_HOST || "").split(":")[1]);

// The addresses of Google's names inside a VPC (private.googleapis.com) and of its metadata server.
// Any others would do.
const GOOGLE_ADDRESS = "199.36.153.8";
const METADATA_ADDRESS = "169.254.169.254";

const HERE = /^(|localhost|::1?|0\.0\.0\.0|(::ffff:)?127\.\d+\.\d+\.\d+)$/;
const METADATA = new Set([METADATA_ADDRESS, "metadata", "metadata.google.internal"]);
const GOOGLE = /(^|\.)(googleapis\.com|prediction\.vertexai\.goog|run\.app|cloudfunctions\.net)$/;

function place(host) {
  const name = String(host)
    .toLowerCase()
    .replace(/[[\]]|\.$/g, "");
  if (METADATA.has(name)) return "metadata";
  if (name === GOOGLE_ADDRESS || GOOGLE.test(name)) return "google";
  return HERE.test(name) ? "here" : "elsewhere";
}

// Messages go to the supervising process over its channel, which user code does not see.
const isInstance = typeof process.send === "function" && process.env.LOCAL_INSTANCE === String(process.ppid);
const tell = isInstance ? process.send.bind(process) : undefined;
if (isInstance) {
  // The supervisor has ended, so this process ends with all that it started.
  process.on("disconnect", () => process.kill(process.platform === "win32" ? process.pid : -process.pid, "SIGKILL"));
  process.channel.unref();
  delete process.send;
  delete process.env.LOCAL_INSTANCE;
}

function refusal(host) {
  const message = `${host} is not reachable in a local run: only Google's APIs that are simulated are`;
  if (tell) tell({ refused: String(host) }, () => {});
  else process.stderr.write(`${JSON.stringify({ severity: "ERROR", message, refusedHost: String(host) })}\n`);
  return Object.assign(new Error(message), { code: "ENOTFOUND", errno: -3008, syscall: "getaddrinfo", hostname: host });
}

const realLookup = dns.lookup;
const realPromisesLookup = dns.promises.lookup;

/** What a name's lookup gives; undefined where the system may answer. */
function known(host, options) {
  const where = place(host);
  if (where === "here" || !host) return undefined;
  if (where === "elsewhere") throw refusal(host);
  const address = where === "google" ? GOOGLE_ADDRESS : METADATA_ADDRESS;
  const all = typeof options === "object" && options !== null && options.all;
  return all ? [{ address, family: 4 }] : { address, family: 4 };
}

dns.lookup = function lookup(host, options, callback) {
  if (typeof options === "function") return lookup(host, {}, options);
  let answer;
  try {
    answer = known(host, options);
  } catch (error) {
    process.nextTick(callback, error);
    return {};
  }
  if (!answer) return realLookup(host, options, callback);
  if (Array.isArray(answer)) process.nextTick(callback, null, answer);
  else process.nextTick(callback, null, answer.address, answer.family);
  return {};
};
dns.lookup[promisify.custom] = (host, options) => dns.promises.lookup(host, options);
dns.promises.lookup = async function lookup(host, options) {
  return known(host, options) ?? realPromisesLookup(host, options);
};

/**
 * Records other than addresses: Google's names have none, others are refused; no question leaves
 * the machine.
 */
function noRecords(name, host) {
  if (place(host) === "elsewhere") return refusal(host);
  return Object.assign(new Error(`${name} ENODATA ${host}`), { code: "ENODATA", syscall: name, hostname: host });
}
const questions = (resolver) =>
  Object.getOwnPropertyNames(resolver).filter((name) => /^(resolve|reverse|lookupService)/.test(name));
for (const resolver of [dns, dns.Resolver.prototype]) {
  for (const name of questions(resolver)) {
    resolver[name] = (host, ...rest) => process.nextTick(rest[rest.length - 1], noRecords(name, host));
  }
}
for (const resolver of [dns.promises, dns.promises.Resolver.prototype]) {
  for (const name of questions(resolver)) resolver[name] = async (host) => Promise.reject(noRecords(name, host));
}

const realConnect = net.Socket.prototype.connect;
net.Socket.prototype.connect = function connect(...args) {
  const normalized = Array.isArray(args[0]) ? args[0] : net._normalizeArgs(args);
  const options = normalized[0];
  if (options.path !== undefined && options.path !== null) return realConnect.call(this, normalized);
  const where = place(options.host ?? "localhost");
  if (where === "elsewhere") {
    const callback = normalized[1];
    if (callback) this.once("connect", callback);
    const error = refusal(options.host);
    process.nextTick(() => this.destroy(error));
    return this;
  }
  if (where !== "here") {
    // Sent before the first byte, so that the supervisor knows which instance a request comes from.
    if (where === "google" && tell) this.once("connect", () => tell({ calling: this.localPort }, () => {}));
    normalized[0] = {
      ...options,
      host: "127.0.0.1",
      port: where === "google" ? port : metadataPort,
      lookup: undefined,
    };
  }
  return realConnect.call(this, normalized);
};

// Nothing of a run speaks UDP, not even to Google's hosts.
for (const name of ["send", "connect"]) {
  const real = dgram.Socket.prototype[name];
  dgram.Socket.prototype[name] = function (...args) {
    const address = args.slice(1).find((arg) => typeof arg === "string");
    if (place(address ?? "") === "here") return real.apply(this, args);
    const error = refusal(address);
    const callback = args[args.length - 1];
    process.nextTick(() => (typeof callback === "function" ? callback(error) : this.emit("error", error)));
  };
}

// An instance listens where PORT says, as on Cloud Run; really that is any free port, of this
// machine only.
if (isInstance) {
  const realListen = net.Server.prototype.listen;
  net.Server.prototype.listen = function listen(...args) {
    const normalized = net._normalizeArgs(args);
    if (String(normalized[0].port) !== process.env.PORT) return realListen.apply(this, args);
    normalized[0] = { ...normalized[0], port: 0, host: "127.0.0.1" };
    this.keepAliveTimeout = 0; // connections of the instance pool stay: closing an idle one races with its next request
    this.once("listening", () => tell({ listening: this.address().port }));
    return realListen.call(this, normalized[0], normalized[1] ?? (() => {}));
  };
}
syncBuiltinESMExports();
