/** A template that cannot be used, with the place in the config where that shows. */
export class TemplateError extends Error {
  readonly path: string;

  constructor(path: string, problem: string) {
    super(`${path === "" ? "config" : path}: ${problem}`);
    this.name = "TemplateError";
    this.path = path;
  }
}

export function asError(reason: unknown): Error {
  return reason instanceof Error ? reason : new Error(String(reason));
}
