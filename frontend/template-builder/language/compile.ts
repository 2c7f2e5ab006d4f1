import type { Definition, Registry } from "./definitions.ts";
import { TemplateError } from "./errors.ts";
import { getByPath } from "./paths.ts";

/** A component of the config: its definition, and its properties compiled. Shared by identity. */
export class Component {
  readonly type: string;
  /** Where it stands in the config, for messages: `view.items.0`. */
  readonly path: string;
  readonly definition: Definition;
  readonly properties: ReadonlyMap<string, Node>;

  constructor(
    type: string,
    path: string,
    definition: Definition,
    properties: ReadonlyMap<string, Node>,
  ) {
    this.type = type;
    this.path = path;
    this.definition = definition;
    this.properties = properties;
  }
}

/** What a part of the config compiles to. */
export type Node =
  | Component
  | { readonly kind: "literal"; readonly value: unknown }
  | { readonly kind: "object"; readonly entries: ReadonlyMap<string, Node> }
  | { readonly kind: "array"; readonly items: readonly Node[] };

export interface Template {
  readonly view: Node;
  readonly plugins: readonly Component[];
  /** Definitions of the components in use, each once. */
  readonly definitions: ReadonlySet<Definition>;
}

type Json = Record<string, unknown>;

const NOTHING: Node = { kind: "literal", value: undefined };

/**
 * Compiles a config. Raises TemplateError where a type is unknown, a `$ref` points to nothing or
 * comes back to itself; unknown properties are kept and ignored. `vars` is reached by `$ref` alone.
 */
export function compileConfig(config: unknown, registry: Registry): Template {
  if (!isObject(config)) throw new TemplateError("", "must be a JSON object");
  if (config.view === undefined) throw new TemplateError("view", "is missing");
  const definitions = new Set<Definition>();
  const compiler = createCompiler(config, registry, definitions);
  const view = compiler(config.view, "view");
  const plugins = Array.isArray(config.plugins) ? config.plugins : [];
  const compiledPlugins = plugins.map((source, index) => {
    const plugin = compiler(source, `plugins.${index}`);
    if (plugin instanceof Component) return plugin;
    throw new TemplateError(`plugins.${index}`, "must be a plugin, an object with a type");
  });
  return { view, plugins: compiledPlugins, definitions };
}

/** Compiles one value on its own, such as an expression that a test asks for. */
export function compileExpression(source: unknown, registry: Registry): Node {
  return createCompiler({ expression: source }, registry)(source, "expression");
}

/** `@yandex-toloka/x` is the older name of `@toloka/x`. */
export function normalizeType(type: string): string {
  return type.replace(/^@yandex-toloka\//, "@toloka/");
}

function createCompiler(
  config: Json,
  registry: Registry,
  definitions: Set<Definition> = new Set(),
): (source: unknown, path: string) => Node {
  // By identity of the source object, so that what a $ref and a position share is compiled once.
  const done = new Map<object, Node>();
  const active = new Set<object>();

  function compile(source: unknown, path: string): Node {
    if (typeof source !== "object" || source === null) return { kind: "literal", value: source };
    const known = done.get(source);
    if (known) return known;
    if (active.has(source)) throw new TemplateError(path, "comes back to itself by its $ref");
    active.add(source);
    const node = compileContainer(source, path);
    active.delete(source);
    done.set(source, node);
    return node;
  }

  function compileContainer(source: object, path: string): Node {
    if (Array.isArray(source)) {
      return { kind: "array", items: source.map((item, i) => compile(item, `${path}.${i}`)) };
    }
    const object = source as Json;
    if (!object.type) {
      if ("$ref" in object) return followReference(object.$ref, path);
      if ("$empty" in object) return NOTHING;
      return { kind: "object", entries: compileEntries(object, path, []) };
    }
    return compileComponent(object, path);
  }

  function followReference(target: unknown, path: string): Node {
    const source = typeof target === "string" ? getByPath(config, target) : undefined;
    if (source === undefined) {
      throw new TemplateError(path, `$ref ${JSON.stringify(target)} points to nothing`);
    }
    return compile(source, target as string);
  }

  function compileComponent(source: Json, path: string): Component {
    if (typeof source.type !== "string") throw new TemplateError(path, "type must be a string");
    const type = normalizeType(source.type);
    const definition = registry.get(type);
    if (!definition)
      throw new TemplateError(path, `type ${JSON.stringify(source.type)} is unknown`);
    definitions.add(definition);
    const { type: _, ...properties } = source;
    return new Component(type, path, definition, compileEntries(properties, path, definition.raw));
  }

  function compileEntries(
    source: Json,
    path: string,
    raw: readonly string[] = [],
  ): Map<string, Node> {
    const entries = new Map<string, Node>();
    for (const [key, value] of Object.entries(source)) {
      const node: Node = raw.includes(key)
        ? { kind: "literal", value }
        : compile(value, `${path}.${key}`);
      entries.set(key, node);
    }
    return entries;
  }

  return compile;
}

function isObject(value: unknown): value is Json {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
