/** Deep equality of JSON values with strict types: "1" is not 1, undefined equals undefined. */
export function deepEqual(left: unknown, right: unknown): boolean {
  if (Object.is(left, right)) return true;
  if (typeof left !== "object" || typeof right !== "object" || !left || !right) {
    // Object.is tells 0 from -0, which JSON numbers do not.
    return left === right;
  }
  if (Array.isArray(left) !== Array.isArray(right)) return false;
  if (!isPlain(left) || !isPlain(right)) return false;
  const leftKeys = Object.keys(left);
  if (leftKeys.length !== Object.keys(right).length) return false;
  return leftKeys.every(
    (key) =>
      Object.hasOwn(right, key) &&
      deepEqual((left as Record<string, unknown>)[key], (right as Record<string, unknown>)[key]),
  );
}

/** Class instances (bound components, mounted ones) are equal only to themselves. */
function isPlain(value: object): boolean {
  if (Array.isArray(value)) return true;
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === Object.prototype || prototype === null;
}
