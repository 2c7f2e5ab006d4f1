/**
 * Reading and writing by dot paths: `a.b.0.c`. Values are immutable: writing gives a new root that
 * shares every untouched part with the old one, so that readers can compare by identity.
 */

type Container = Record<string, unknown> | unknown[];

export function splitPath(path: string): string[] {
  return path === "" ? [] : path.split(".");
}

export function joinPath(parent: string, child: string): string {
  if (parent === "") return child;
  return child === "" ? parent : `${parent}.${child}`;
}

/** True where `path` is `ancestor` itself or lies inside it; everything lies inside "". */
export function isInside(path: string, ancestor: string): boolean {
  return ancestor === "" || path === ancestor || path.startsWith(`${ancestor}.`);
}

/**
 * The value at `path`, or `fallback` where a key is missing, an index is out of range, or something
 * falsy stands on the way. A `null` at the end of the path is a value. The path "" is the root.
 */
export function getByPath(root: unknown, path: string, fallback?: unknown): unknown {
  let value = root;
  for (const key of splitPath(path)) {
    if (!isContainer(value) || !hasKey(value, key)) return fallback;
    value = (value as Record<string, unknown>)[key];
  }
  return value === undefined ? fallback : value;
}

/**
 * `root` with `value` at `path`. Missing parents are made: an array where the next segment is a
 * decimal, else an object; a primitive in the way gives place, and an array that gets a named key
 * becomes an object, since JSON would lose the key. `undefined` clears: the key goes, and
 * with it each parent object left empty; a slot of an array is emptied and the length stays.
 */
export function setByPath(root: unknown, path: string, value: unknown): unknown {
  const keys = splitPath(path);
  if (keys.length === 0) return root;
  if (value !== undefined) return write(root, keys, value);
  if (getByPath(root, path) === undefined) return root;
  return clear(root, keys) ?? (Array.isArray(root) ? [] : {});
}

function write(parent: unknown, keys: readonly string[], value: unknown): unknown {
  const [key, ...rest] = keys;
  if (key === undefined) return value;
  const copy = copyForKey(parent, key);
  const child = write(childOf(copy, key), rest, value);
  if (Array.isArray(copy) && isIndex(key)) {
    // Filled, not left as holes: holes are skipped by iteration, undefined is not.
    while (copy.length < Number(key)) copy.push(undefined);
    copy[Number(key)] = child;
  } else {
    setOwn(copy, key, child);
  }
  return copy;
}

/** The container without the value at `keys`, or undefined where nothing is left of it. */
function clear(parent: unknown, keys: readonly string[]): unknown {
  const [key, ...rest] = keys;
  if (key === undefined || !isContainer(parent)) return undefined;
  const copy = copyOf(parent);
  const child = rest.length === 0 ? undefined : clear(childOf(copy, key), rest);
  if (Array.isArray(copy)) {
    copy[Number(key)] = child;
    return copy;
  }
  if (child === undefined) delete copy[key];
  else setOwn(copy, key, child);
  return Object.keys(copy).length === 0 ? undefined : copy;
}

function isContainer(value: unknown): value is Container {
  return typeof value === "object" && value !== null;
}

function isIndex(key: string): boolean {
  return /^(0|[1-9]\d*)$/.test(key);
}

function copyOf(container: Container): Container {
  return Array.isArray(container) ? [...container] : { ...container };
}

function copyForKey(parent: unknown, key: string): Container {
  if (!isContainer(parent)) return isIndex(key) ? [] : {};
  return Array.isArray(parent) && !isIndex(key) ? { ...parent } : copyOf(parent);
}

/** Arrays have indices and no `length`: a path speaks of JSON, not of JavaScript. */
function hasKey(container: Container, key: string): boolean {
  return Array.isArray(container)
    ? isIndex(key) && Number(key) < container.length
    : Object.hasOwn(container, key);
}

function childOf(container: Container, key: string): unknown {
  return hasKey(container, key) ? (container as Record<string, unknown>)[key] : undefined;
}

function setOwn(container: Container, key: string, value: unknown): void {
  // Defined, not assigned: the key "__proto__" must become a plain key like any other.
  Object.defineProperty(container, key, {
    value,
    writable: true,
    enumerable: true,
    configurable: true,
  });
}
