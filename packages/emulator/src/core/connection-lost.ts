/** What a service throws that gives no answer: the connection ends. */
export class ConnectionLost extends Error {
  override readonly name = "ConnectionLost";
}
