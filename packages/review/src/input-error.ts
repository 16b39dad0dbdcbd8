/** Input that cannot be reviewed: which file, what is wrong with it, what is allowed. */
export class InputError extends Error {}
