import type { RestReply } from "../core/emulator";

/*
 * Answers of Cloud Run itself. Statuses and meanings:
 * https://docs.cloud.google.com/run/docs/troubleshooting ; the pages' wording is Google's as far as
 * known, and the reason, which Google writes to the log only, is added for the user.
 */

/** Ingress does not admit the request. For callers outside, the service does not exist. */
export function notFound(): RestReply {
  return page(404, "Error 404 (Not Found)!!1", "404. That's an error. The requested URL was not found on this server.");
}

export function unauthorized(path: string, reason: string): RestReply {
  const text = `Your client does not have permission to the requested URL <code>${escaped(path)}</code>.`;
  return page(401, "401 Unauthorized", text, reason, {
    "www-authenticate": 'Bearer error="invalid_token" error_description="The access token could not be verified"',
  });
}

export function forbidden(path: string, reason: string): RestReply {
  const text = `Your client does not have permission to get URL <code>${escaped(path)}</code> from this server.`;
  return page(403, "403 Forbidden", text, reason);
}

export function tooLarge(): RestReply {
  return page(413, "413 Request Entity Too Large", "Your client issued a request that was too large.");
}

export const noInstance: RestReply = {
  status: 429,
  headers: { "content-type": "text/plain" },
  body: "Rate exceeded.",
};

export const timedOut: RestReply = {
  status: 504,
  headers: { "content-type": "text/plain" },
  body: "upstream request timeout",
};

export function unavailable(reason: string): RestReply {
  return page(
    503,
    "503 Server Error",
    "The service you requested is not available yet. Please try again later.",
    reason,
  );
}

function page(status: number, title: string, text: string, reason = "", headers = {}): RestReply {
  const detail = reason && `\n<pre>${escaped(reason)}</pre>`;
  const body = `<html><head><title>${title}</title></head>\n<body><h1>${title}</h1>\n<h2>${text}</h2>${detail}\n</body></html>\n`;
  return { status, headers: { "content-type": "text/html; charset=UTF-8", ...headers }, body };
}

function escaped(text: string): string {
  return text.replace(/[&<>]/g, (sign) => ({ "&": "&amp;", "<": "&lt;", ">": "&gt;" })[sign] ?? sign);
}
