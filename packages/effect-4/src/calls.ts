/**
 * Calls and types whose shape is another in Effect 4.
 */
import ts from "typescript"

import type { Rewriting } from "./rewrite.js"

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

const property = (node: ts.Expression | undefined, name: string): ts.ObjectLiteralElementLike | undefined =>
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
  const onTimeout = property(node.arguments.at(-1), "onTimeout")
  if (onTimeout === undefined || !ts.isPropertyAssignment(onTimeout)) return
  to.replace(onTimeout.name, "orElse")
  failing(to, onTimeout.initializer)
}

const dropArguments: Rule = (to, node) => {
  const [first] = node.arguments
  if (first !== undefined) to.replaceBetween(first.getStart(to.file), node.arguments.end, "")
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

/** The third argument of a metric, or its options, are the same; attributes are an object. */
const withAttributes: Rule = (to, node) => {
  const [metric, key, value] = node.arguments
  if (metric === undefined || key === undefined || value === undefined) return
  to.insert(key.getStart(to.file), "{ [")
  to.replaceBetween(key.end, value.getStart(to.file), "]: ")
  to.insert(value.end, " }")
}

const configProvider = (to: Rewriting, node: ts.CallExpression): void => {
  const [map] = node.arguments
  if (map === undefined) return
  callee(to, node, `${to.use("effect/ConfigProvider")}.fromUnknown`)
  to.insert(map.getStart(to.file), "Object.fromEntries(")
  to.insert(map.end, ")")
}

const rules: Readonly<Record<string, Rule>> = {
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
  "effect/Schema.Literal": oneArray("Literals"),
  "effect/Schema.Union": oneArray("Union"),
  "effect/Schema.pattern": check("isPattern"),
  "effect/Schema.between": (to, node) => {
    const [low, high] = node.arguments
    if (low === undefined || high === undefined) return
    callee(to, node, `${to.use("effect/Schema")}.check(${to.use("effect/Schema")}.isBetween`)
    to.insert(low.getStart(to.file), "{ minimum: ")
    to.insert(high.getStart(to.file), "maximum: ")
    to.insert(high.end, " })")
  },
  "effect/Schema.positive": checkOf("isGreaterThan", "0"),
  "effect/Metric.tagged": withAttributes,
  "effect/ConfigProvider.fromMap": configProvider
}

export const rewrite = (to: Rewriting, node: ts.CallExpression): void => {
  const member = to.memberOf(node.expression)
  if (member !== undefined) rules[`${member.module}.${member.name}`]?.(to, node)
}

/** A reference has one type parameter, that of its value. */
export const typeReference = (to: Rewriting, node: ts.TypeReferenceNode): void => {
  if (!to.isMember(node.typeName, "effect/Context", "Reference")) return
  const [identifier, value] = node.typeArguments ?? []
  if (identifier !== undefined && value !== undefined) {
    to.replaceBetween(identifier.getStart(to.file), value.getStart(to.file), "")
  }
}
