/**
 * Calls and types whose shape is another in Effect 4.
 */
import ts from "typescript"

import type { Rewriting } from "./rewriting.js"

type Rule = (to: Rewriting, node: ts.CallExpression) => void

const callee = (to: Rewriting, node: ts.CallExpression, name: string): void => {
  to.replace(node.expression, name)
}

/** `Effect.withClock(effect, clock)` provides a service, as all settings are services. */
const provides = (tag: (to: Rewriting) => string): Rule => (to, node) => {
  const last = node.arguments.at(-1)
  if (last === undefined) return
  callee(to, node, `${to.use("effect/Effect")}.provideService`)
  to.insert(last.getStart(to.file), `${tag(to)}, `)
}

const member = (node: ts.Expression | undefined, name: string): ts.ObjectLiteralElementLike | undefined =>
  node !== undefined && ts.isObjectLiteralExpression(node)
    ? node.properties.find((one) => one.name !== undefined && ts.isIdentifier(one.name) && one.name.text === name)
    : undefined

/** A function that gives a value becomes one that fails with it. */
const failing = (to: Rewriting, value: ts.Expression): void => {
  const fail = `${to.use("effect/Effect")}.fail(`
  if (ts.isArrowFunction(value) && !ts.isBlock(value.body)) {
    to.insert(value.body.getStart(to.file), fail)
    to.insert(value.body.end, ")")
  } else {
    to.insert(value.getStart(to.file), `() => ${fail}(`)
    to.insert(value.end, ")())")
  }
}

const timeoutFail: Rule = (to, node) => {
  const onTimeout = member(node.arguments.at(-1), "onTimeout")
  if (onTimeout === undefined || !ts.isPropertyAssignment(onTimeout)) return
  to.replace(onTimeout.name, "orElse")
  failing(to, onTimeout.initializer)
}

const dropArguments: Rule = (to, node) => {
  const [first] = node.arguments
  if (first !== undefined) to.replaceBetween(first.getStart(to.file), node.arguments.end, "")
}

/** The finalizers of a scope run one after the other unless another strategy is named. */
const fork: Rule = (to, node) => {
  const [scope, strategy] = node.arguments
  if (scope !== undefined && strategy !== undefined) to.replaceBetween(scope.end, strategy.end, "")
}

/** `zipLeft` is `tap` of an effect. */
const named = (name: string): Rule => (to, node) => callee(to, node, name)

/** A condition given as a value in Effect 3 is lazy; in Effect 4 it is an effect. */
const loggers = (options: string): Rule => (to, node) => {
  const last = node.arguments.at(-1)
  callee(to, node, `${to.use("effect/Logger")}.layer`)
  if (last === undefined) return
  to.replaceBetween(node.arguments.pos, last.getStart(to.file), "[")
  to.replaceBetween(last.end, node.arguments.end, `]${options}`)
}

const removed: Rule = (to, node) => to.replace(node, `${to.use("effect/Logger")}.layer([])`)

/** `Schema.Literal(a, b)` and `Schema.Union(a, b)` take one array. */
const oneArray = (name: string): Rule => (to, node) => {
  const [first] = node.arguments
  if (first === undefined) return
  if (name === "Literals" && node.arguments.length === 1) return
  callee(to, node, `${to.use("effect/Schema")}.${name}`)
  to.insert(first.getStart(to.file), "[")
  to.insert(node.arguments.end, "]")
}

/** A filter of a schema is a check. */
const check = (name: string): Rule => (to, node) => {
  callee(to, node, `${to.use("effect/Schema")}.check(${to.use("effect/Schema")}.${name}`)
  to.insert(node.end, ")")
}

const checkOf = (name: string, argument: string): Rule => (to, node) => {
  const schema = to.use("effect/Schema")
  callee(to, node, `${schema}.check(${schema}.${name}`)
  to.insert(node.arguments.pos, argument)
  to.insert(node.end, ")")
}

/** Of a duration, not of what can be read as one. */
const format: Rule = (to, node) => {
  const [value] = node.arguments
  if (value === undefined || to.isOf(to.checker.getTypeAtLocation(value), "effect/Duration", ["Duration"])) return
  to.insert(value.getStart(to.file), `${to.use("effect/Duration")}.fromInputUnsafe(`)
  to.insert(value.end, ")")
}

/** Rewrites `Schedule.whileInput(f)`, whose function receives the metadata of the schedule in Effect 4. */
const ofInput = (name: string): Rule => (to, node) => {
  const condition = node.arguments.at(-1)
  if (condition === undefined) return
  callee(to, node, `${to.use("effect/Schedule")}.${name}`)
  const parameter = ts.isArrowFunction(condition) ? condition.parameters[0]?.type : undefined
  const type = parameter === undefined ? "" : `: { readonly input: ${to.text(parameter)} }`
  to.insert(condition.getStart(to.file), `({ input }${type}) => (`)
  to.insert(condition.end, ")(input)")
}

/** Schedules of which the earlier or the later pause counts, as one array. */
const schedules = (name: string): Rule => (to, node) => {
  const [first, second] = node.arguments
  if (first === undefined) return
  const schedule = to.use("effect/Schedule")
  if (second === undefined) {
    callee(to, node, `((self) => ${schedule}.${name}`)
    to.insert(first.getStart(to.file), "[self, ")
    to.insert(first.end, "]")
    to.insert(node.end, ")")
  } else {
    callee(to, node, `${schedule}.${name}`)
    to.insert(first.getStart(to.file), "[")
    to.insert(second.end, "]")
  }
}

/** `runCollect` gives an array. */
const first: Rule = (to, node) => {
  const [value] = node.arguments
  if (value === undefined) return
  to.replaceBetween(node.getStart(to.file), value.getStart(to.file), "")
  to.replaceBetween(value.end, node.end, "")
}

/** The method of a request is any text. */
const method: Rule = (to, node) => {
  const [value] = node.arguments
  if (value === undefined || ts.isStringLiteral(value)) return
  to.insert(value.end, ` as NonNullable<${to.use("@effect/platform/HttpClientRequest")}.Options["method"]>`)
}

/** A value in Effect 4. */
const uncalled: Rule = (to, node) => to.replaceBetween(node.expression.end, node.end, "")

/** Rewrites the creation of a client, which is an effect that requires its dispatcher. */
const makeUndici: Rule = (to, node) => {
  const [dispatcher] = node.arguments
  if (dispatcher === undefined) return
  const effect = to.use("effect/Effect")
  to.insert(node.getStart(to.file), `${effect}.runSync(${effect}.provideService(`)
  to.replaceBetween(
    node.expression.end,
    dispatcher.getStart(to.file),
    `, ${to.use("@effect/platform-node/NodeHttpClient")}.Dispatcher, `
  )
  to.insert(node.end, ")")
}

/** Rewrites `withSpan`: the capture of a stack trace is an option of the resulting function rather than of the span. */
const withSpan: Rule = (to, node) => {
  const [name, options] = node.arguments
  if (name === undefined || options === undefined || node.arguments.length > 2) return
  // Called with the effect, it takes it in the options.
  if (to.isOf(to.checker.getTypeAtLocation(name), "effect/Effect", ["Effect"])) return
  const capture = member(options, "captureStackTrace")
  if (!ts.isObjectLiteralExpression(options)) {
    to.insert(options.end, ", { captureStackTrace: false }")
    return
  }
  if (capture === undefined) return
  const { properties } = options
  if (properties.length === 1) to.insert(options.getStart(to.file), "{}, ")
  else {
    const index = properties.indexOf(capture)
    const start = index === 0 ? capture.getStart(to.file) : properties[index - 1]?.end ?? capture.pos
    const end = index === 0 ? properties[1]?.getStart(to.file) ?? capture.end : capture.end
    to.replaceBetween(start, end, "")
    to.insert(options.end, `, { ${to.text(capture)} }`)
  }
}

/** An effect of an `Either`, flattened. */
const flatten: Rule = (to, node) => {
  const [effect] = node.arguments
  if (effect === undefined) return
  const type = to.checker.getTypeAtLocation(effect)
  const [success] = ts.isTypeReferenceNode(node) ? [] : to.checker.getTypeArguments(type as ts.TypeReference)
  if (success === undefined || !to.isEitherType(success)) return
  callee(to, node, `${to.use("effect/Effect")}.flatMap`)
  to.insert(effect.end, `, ${to.use("effect/Effect")}.fromResult`)
}

/** The options of a metric, or of a stream, by name. */
const fromReadableStream: Rule = (to, node) => {
  const [evaluate, onError] = node.arguments
  if (evaluate === undefined || onError === undefined) return
  to.insert(evaluate.getStart(to.file), "{ evaluate: ")
  to.insert(onError.getStart(to.file), "onError: ")
  to.insert(onError.end, " }")
}

/** Names of one level are keys of an object. Others are those of the environment, whose levels have `_` between them. */
const configProvider: Rule = (to, node) => {
  const [map, options] = node.arguments
  if (map === undefined) return
  callee(to, node, `${to.use("effect/ConfigProvider")}.${options === undefined ? "fromUnknown" : "fromEnv"}`)
  to.insert(map.getStart(to.file), `${options === undefined ? "" : "{ env: "}Object.fromEntries(`)
  if (options === undefined) to.insert(map.end, ")")
  else to.replaceBetween(map.end, options.end, ") }")
}

/** The source of random numbers that an effect with this seed would see. */
const randomOf: Rule = (to, node) => {
  const [seed] = node.arguments
  if (seed === undefined) return
  const [effect, random] = [to.use("effect/Effect"), to.use("effect/Random")]
  callee(to, node, `${effect}.runSync`)
  to.insert(seed.getStart(to.file), `${random}.withSeed(${effect}.service(${random}.Random), `)
  to.insert(seed.end, ")")
}

/** `Schema.Record({ key, value })` takes two schemas. */
const record: Rule = (to, node) => {
  const [options] = node.arguments
  const [key, value] = ["key", "value"].map((name) => member(options, name))
  if (options === undefined || key === undefined || value === undefined) return
  if (ts.isPropertyAssignment(key) && ts.isPropertyAssignment(value)) {
    to.replaceBetween(options.getStart(to.file), key.initializer.getStart(to.file), "")
    to.replaceBetween(key.initializer.end, value.initializer.getStart(to.file), ", ")
    to.replaceBetween(value.initializer.end, options.end, "")
  }
}

/** Annotations are an object. */
const annotations: Rule = (to, node) => {
  const [options] = node.arguments
  const status = member(options, "status")?.name
  if (options === undefined || status === undefined) return
  to.replaceBetween(node.getStart(to.file), options.getStart(to.file), "")
  to.replace(status, "httpApiStatus")
  to.replaceBetween(options.end, node.end, "")
}

/** Rewrites a type guard to `instanceof`. */
const instance = (name: string): Rule => (to, node) => {
  callee(to, node, "")
  to.insert(node.arguments.end, ` instanceof ${name}`)
}

const untracedWhen: Rule = (to, node) => {
  const condition = node.arguments.at(-1)
  if (condition === undefined) return
  const client = to.use("@effect/platform/HttpClient")
  callee(to, node, `${client}.transformResponse`)
  to.insert(
    condition.getStart(to.file),
    `${to.use("effect/Effect")}.provideService(${client}.TracerDisabledWhen, `
  )
  to.insert(condition.end, ")")
}

/** The cases of an `Either`, by name. */
const cases: Rule = (to, node) => {
  const options = node.arguments.at(-1)
  for (const [before, after] of [["onLeft", "onFailure"], ["onRight", "onSuccess"]] as const) {
    const name = member(options, before)?.name
    if (name !== undefined) to.replace(name, after)
  }
}

/** `HttpApiEndpoint.get(name, path).addSuccess(schema)` takes its schemas as options. */
const endpoint: Rule = (to, node) => {
  const options: Array<string> = []
  let end: ts.Node = node
  let { parent } = node
  const inside: Array<{ readonly start: number; readonly end: number }> = []
  while (ts.isPropertyAccessExpression(parent) && ts.isCallExpression(parent.parent)) {
    const name = endpointOptions[parent.name.text]
    const [value] = parent.parent.arguments
    if (name === undefined || value === undefined) break
    options.push(name)
    inside.push({ start: value.getStart(to.file), end: value.end })
    end = parent.parent
    parent = parent.parent.parent
  }
  const last = node.arguments.at(-1)
  if (last === undefined || options.length === 0) return
  let position = last.end
  inside.forEach(({ end, start }, index) => {
    to.replaceBetween(position, start, `, ${index === 0 ? "{ " : ""}${options[index]}: `)
    position = end
  })
  to.replaceBetween(position, end.end, " })")
}

const endpointOptions: Readonly<Record<string, string>> = {
  addSuccess: "success",
  addError: "error",
  setPath: "params",
  setPayload: "payload",
  setUrlParams: "query",
  setHeaders: "headers"
}

/** The test runner takes only Effect's own arbitraries. */
const property: Rule = (to, node) => callee(to, node, to.useOwn("property", "@effect-oauth/effect-4/property"))

export const rules: Readonly<Record<string, Rule>> = {
  "@effect/platform/HttpApiEndpoint.get": endpoint,
  "@effect/vitest/it.prop": property,
  "effect/Effect.timeoutFail": timeoutFail,
  "effect/Effect.withClock": provides((to) => `${to.use("effect/Clock")}.Clock`),
  "effect/Effect.withRandom": provides((to) => `${to.use("effect/Random")}.Random`),
  "effect/Effect.withConfigProvider": provides((to) => `${to.use("effect/ConfigProvider")}.ConfigProvider`),
  "effect/Effect.withScheduler": provides((to) => `${to.use("effect/Scheduler")}.Scheduler`),
  "effect/Effect.zipLeft": named("Effect.tap"),
  "effect/Logger.replace": loggers(""),
  "effect/Logger.add": loggers(", { mergeWithExisting: true }"),
  "effect/Logger.remove": removed,
  "effect/Deferred.unsafeMake": dropArguments,
  "@effect/platform/HttpClientRequest.make": method,
  "effect/Exit.interrupt": dropArguments,
  "effect/Effect.yieldNow": uncalled,
  "effect/Effect.withSpan": withSpan,
  "effect/Effect.flatten": flatten,
  "@effect/platform-node/NodeHttpClient.makeUndici": makeUndici,
  "effect/Scope.fork": fork,
  "effect/Schema.Literal": oneArray("Literals"),
  "effect/Schema.Union": oneArray("Union"),
  "effect/Schema.pattern": check("isPattern"),
  "effect/Schema.Record": record,
  "@effect/platform/HttpApiSchema.annotations": annotations,
  "effect/Schema.between": (to, node) => {
    const [low, high] = node.arguments
    if (low === undefined || high === undefined) return
    callee(to, node, `${to.use("effect/Schema")}.check(${to.use("effect/Schema")}.isBetween`)
    to.insert(low.getStart(to.file), "{ minimum: ")
    to.insert(high.getStart(to.file), "maximum: ")
    to.insert(high.end, " })")
  },
  "effect/Schema.positive": checkOf("isGreaterThan", "0"),
  "effect/Schema.nonNegative": checkOf("isGreaterThanOrEqualTo", "0"),
  "effect/Duration.format": format,
  "effect/Schedule.whileInput": ofInput("while"),
  "effect/Schedule.tapInput": ofInput("tap"),
  "effect/Schedule.either": schedules("min"),
  "effect/Schedule.intersect": schedules("max"),
  "effect/Stream.fromReadableStream": fromReadableStream,
  "effect/Chunk.toReadonlyArray": first,
  "effect/ConfigProvider.fromMap": configProvider,
  "effect/Random.make": randomOf,
  "effect/Logger.withMinimumLogLevel": provides((to) => `${to.use("effect/References")}.MinimumLogLevel`),
  "effect/ConfigError.isConfigError": instance("Config.ConfigError"),
  "@effect/platform/HttpClient.withTracerDisabledWhen": untracedWhen,
  "effect/Either.match": cases
}

export const rewrite = (to: Rewriting, node: ts.CallExpression): void => {
  const called = to.memberOf(node.expression)
  if (called !== undefined) to.rule("calls", rules, `${called.module}.${called.name}`)?.(to, node)
}

/** A reference has one type parameter, that of its value. */
export const typeReference = (to: Rewriting, node: ts.TypeReferenceNode): void => {
  if (
    ts.isQualifiedName(node.typeName) && to.isMember(node.typeName, "effect/Schema", "Schema") &&
    node.typeArguments?.length === 2
  ) {
    to.replace(node.typeName.right, "Codec")
    return
  }
  if (!to.isMember(node.typeName, "effect/Context", "Reference")) return
  const [identifier, value] = node.typeArguments ?? []
  if (identifier !== undefined && value !== undefined) {
    to.replaceBetween(identifier.getStart(to.file), value.getStart(to.file), "")
  }
}
