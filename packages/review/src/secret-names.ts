/** Ends of the names of variables that hold a secret, such as `DB_PASSWORD` or `HF_TOKEN`. */
const SECRET_NAME = /(?:^|_)(?:PASSWORD|PASSWD|SECRET|TOKEN|API_?KEY|ACCESS_KEY|PRIVATE_KEY)$/i;

export function isSecretName(name: string): boolean {
  return SECRET_NAME.test(name);
}
