/**
 * The rules of the generator, each by code for Effect 3 and the result for Effect 4. `ours` is a value of this project with
 * fields that are named like those of Effect: they stay unchanged.
 */
import { resolve } from "node:path"

import { assert, describe, it } from "@effect/vitest"

import { programOf } from "../src/generate.js"
import { rewrite } from "../src/rewrite.js"
import { names } from "./ruleNames.js"

/** Cases by subject: code with the modules of Effect in scope, and its result. */
const cases: Readonly<Record<string, readonly [effect3: string, effect4: string]>> = {
  "members of Cause": [
    "[Cause.failureOption, Cause.isInterruptedOnly, Cause.IllegalArgumentException, Cause.TimeoutException]\n" +
    "[Cause.isDie, Cause.isInterrupted, Cause.isTimeoutException]",
    "[Cause.findErrorOption, Cause.hasInterruptsOnly, Cause.IllegalArgumentError, Cause.TimeoutError]\n" +
    "[Cause.hasDies, Cause.hasInterrupts, Cause.isTimeoutError]"
  ],
  "members of Config": [
    "[Config.nonEmptyString, Config.redacted, Config.string, ConfigProvider.fromJson, Config.duration, Config.integer]\n" +
    "ConfigError.isConfigError(ours.error)\n" +
    "declare const wrapped: Config.Config.Wrap<string>",
    "[Config.NonEmptyString, Config.Redacted, Config.String, ConfigProvider.fromUnknown, Config.Duration, Config.Int]\n" +
    "(ours.error instanceof Config.ConfigError)\n" +
    "declare const wrapped: Config.Wrap<string>"
  ],
  "members of Deferred, Exit, Fiber, Ref and Scope": [
    "[Deferred.unsafeDone, Deferred.unsafeMake, Exit.isInterrupted, Ref.unsafeMake, Scope.extend]\n" +
    "declare const parts: [Fiber.RuntimeFiber<1>, Scope.CloseableScope]",
    "[Deferred.doneUnsafe, Deferred.makeUnsafe, Exit.hasInterrupts, Ref.makeUnsafe, Scope.provide]\n" +
    "declare const parts: [Fiber.Fiber<1>, Scope.Closeable]"
  ],
  "members of Effect": [
    "[Effect.async, Effect.catchAll, Effect.catchAllCause, Effect.catchAllDefect, Effect.dieMessage, Effect.either]\n" +
    "[Effect.fork, Effect.forkDaemon, Effect.tapErrorCause, Effect.zipRight, Effect.fromNullable, ours.zipRight]",
    "[Effect.callback, Effect.catch, Effect.catchCause, Effect.catchDefect, Effect.die, Effect.result]\n" +
    "[Effect.forkChild, Effect.forkDetach, Effect.tapCause, Effect.andThen, Effect.fromNullishOr, ours.zipRight]"
  ],
  "members of Effect that another module has": [
    "[Effect.clock, Effect.intoDeferred, Effect.makeLatch, Effect.makeSemaphore, Effect.unsafeMakeSemaphore]",
    "[Clock.Clock, Deferred.into, Latch.make, Semaphore.make, Semaphore.makeUnsafe]"
  ],
  "members of Layer, Option and Stream": [
    "[Layer.catchAll, Layer.scoped, Layer.scopedContext, Layer.scopedDiscard, Layer.setConfigProvider]\n" +
    "[Layer.unwrapEffect, Layer.unwrapScoped, Option.flatMapNullable, Option.fromNullable, Stream.catchAll]",
    "[Layer.catch, Layer.effect, Layer.effectContext, Layer.effectDiscard, ConfigProvider.layer]\n" +
    "[Layer.unwrap, Layer.unwrap, Option.flatMapNullishOr, Option.fromNullishOr, Stream.catch]"
  ],
  "members of Logger, Schema and Duration": [
    "[Logger.jsonLogger, Logger.logfmtLogger, Logger.stringLogger, Logger.structuredLogger]\n" +
    "[Schema.NonNegativeInt, Schema.parseJson, Schema.Redacted, Schema.decode, Schema.encode, Duration.decode]\ndeclare const life: Duration.DurationInput",
    "[Logger.formatJson, Logger.formatLogFmt, Logger.formatSimple, Logger.formatStructured]\n" +
    "[Schema.Natural, Schema.fromJsonString, Schema.RedactedFromValue, Schema.decodeEffect, Schema.encodeEffect, Duration.fromInputUnsafe]\ndeclare const life: Duration.Input"
  ],
  "members of the platform's modules": [
    "[NodeHttpClient.layer, NodeHttpClient.layerUndiciWithoutDispatcher, NodeHttpClient.layerWithoutAgent]\n" +
    "[NodeHttpClient.makeAgentLayer, NodeHttpClient.UndiciRequestOptions, Cookies.unsafeMakeCookie, Headers.remove]\n" +
    "[HttpApiBuilder.api, HttpClientRequest.bodyUnsafeJson, HttpServerResponse.unsafeJson, HttpLayerRouter.addHttpApi]",
    "[NodeHttpClient.layerNodeHttp, NodeHttpClient.layerUndiciNoDispatcher, NodeHttpClient.layerNodeHttpNoAgent]\n" +
    "[NodeHttpClient.layerAgentOptions, NodeHttpClient.UndiciOptions, Cookies.makeCookieUnsafe, Headers.removeMany]\n" +
    "[HttpApiBuilder.layer, HttpClientRequest.bodyJsonUnsafe, HttpServerResponse.jsonUnsafe, HttpApiBuilder.layer]"
  ],
  "members of values": [
    "const at = (clock: Clock.Clock) => [clock.unsafeCurrentTimeMillis(), clock.unsafeCurrentTimeNanos()]\n" +
    "const poll = (fiber: Fiber.RuntimeFiber<1>) => fiber.unsafePoll()\n" +
    "const map = (context: Context.Context<never>) => context.unsafeMap",
    "const at = (clock: Clock.Clock) => [clock.currentTimeMillisUnsafe(), clock.monotonicTimeNanosUnsafe()]\n" +
    "const poll = (fiber: Fiber.Fiber<1>) => fiber.pollUnsafe()\n" +
    "const map = (context: Context.Context<never>) => context.mapUnsafe"
  ],
  "Either, but not a field of ours": [
    "declare const either: Either.Either<1, 2>\n" +
    "[Either.isLeft, Either.isRight, Either.left(1), Either.right(1), Either.mapLeft]\n" +
    "if (either._tag === \"Left\") ours.left = either.left\nelse ours.right = either.right\n" +
    "switch (ours._tag) {\n  case \"Left\":\n    throw ours.left\n}\n" +
    "const { left } = ours\nconst f = (one: Either.Either<1, 2>) => { if (one._tag === \"Right\") { const { right } = one } }",
    "declare const either: Result.Result<1, 2>\n" +
    "[Result.isFailure, Result.isSuccess, Result.fail(1), Result.succeed(1), Result.mapError]\n" +
    "if (either._tag === \"Failure\") ours.left = either.failure\nelse ours.right = either.success\n" +
    "switch (ours._tag) {\n  case \"Left\":\n    throw ours.left\n}\n" +
    "const { left } = ours\n" +
    "const f = (one: Result.Result<1, 2>) => { if (one._tag === \"Success\") { const { success: right } = one } }"
  ],
  "an Either or an Option where an Effect is wanted": [
    "declare const either: Either.Either<1, 2>\ndeclare const option: Option.Option<1>\n" +
    "Effect.gen(function*() { return [yield* either, yield* option] })\nEither.gen(function*() { return yield* either })\n" +
    "const effect: Effect.Effect<1, 2> = either",
    "declare const either: Result.Result<1, 2>\ndeclare const option: Option.Option<1>\n" +
    "Effect.gen(function*() { return [yield* Effect.fromResult(either), yield* Effect.fromOption(option)] })\n" +
    "Result.gen(function*() { return yield* either })\nconst effect: Effect.Effect<1, 2> = Effect.fromResult(either)"
  ],
  "the cases of an Either": [
    "Either.match(Either.right(1), { onLeft: () => 1, onRight: () => 2 })",
    "Result.match(Result.succeed(1), { onFailure: () => 1, onSuccess: () => 2 })"
  ],
  "an effect of an Either, flattened": [
    "declare const nested: Effect.Effect<Either.Either<1, 2>>\ndeclare const effects: Effect.Effect<Effect.Effect<1>>\n" +
    "[Effect.flatten(nested), Effect.flatten(effects)]",
    "declare const nested: Effect.Effect<Result.Result<1, 2>>\ndeclare const effects: Effect.Effect<Effect.Effect<1>>\n" +
    "[Effect.flatMap(nested, Effect.fromResult), Effect.flatten(effects)]"
  ],
  "services": [
    "class One extends Context.Tag(\"one\")<One, string>() {}\nconst two = Context.GenericTag<string>(\"two\")\n" +
    "export class Three extends Context.Reference<Three>()(\"three\", { defaultValue: () => 3 }) {}\n" +
    "declare const four: Context.Reference<Three, number>",
    "class One extends Context.Service<One, string>()(\"one\") {}\nconst two = Context.Service<string>(\"two\")\n" +
    "export const Three = Context.Reference(\"three\", { defaultValue: () => 3 })\n" +
    "declare const four: Context.Reference<number>"
  ],
  "services that are settings": [
    "declare const effect: Effect.Effect<1>\ndeclare const value: never\n" +
    "[Effect.withClock(effect, value), Effect.withRandom(effect, value), Effect.withConfigProvider(value)]\n" +
    "[Effect.withScheduler(effect, value), Logger.withMinimumLogLevel(LogLevel.All)]\n[LogLevel.Warning, ours.Warning]",
    "declare const effect: Effect.Effect<1>\ndeclare const value: never\n" +
    "[Effect.provideService(effect, Clock.Clock, value), Effect.provideService(effect, Random.Random, value), " +
    "Effect.provideService(ConfigProvider.ConfigProvider, value)]\n" +
    "[Effect.provideService(effect, Scheduler.Scheduler, value), " +
    "Effect.provideService(References.MinimumLogLevel, \"All\")]\n[\"Warn\", ours.Warning]"
  ],
  "time-outs": [
    "Effect.timeoutFail({ duration: 5, onTimeout: () => new Error(\"late\") })\n" +
    "Effect.timeoutFail({ duration: 5, onTimeout: ours.late })",
    "Effect.timeoutOrElse({ duration: 5, orElse: () => Effect.fail(new Error(\"late\")) })\n" +
    "Effect.timeoutOrElse({ duration: 5, orElse: () => Effect.fail((ours.late)()) })"
  ],
  "effects": [
    "[Effect.zipLeft(Effect.void), Effect.yieldNow(), Exit.interrupt(FiberId.none), Deferred.unsafeMake(FiberId.none)]\n" +
    "Scope.fork(ours.scope, ExecutionStrategy.sequential)",
    "[Effect.tap(Effect.void), Effect.yieldNow, Exit.interrupt(), Deferred.makeUnsafe()]\nScope.fork(ours.scope)"
  ],
  "spans": [
    "Effect.withSpan(\"a\", { captureStackTrace: false })\n" +
    "Effect.withSpan(\"a\", { captureStackTrace: false, kind: \"client\" })\n" +
    "Effect.withSpan(\"a\", { kind: \"client\", captureStackTrace: false })\nEffect.withSpan(\"a\")",
    "Effect.withSpan(\"a\", {}, { captureStackTrace: false })\n" +
    "Effect.withSpan(\"a\", { kind: \"client\" }, { captureStackTrace: false })\n" +
    "Effect.withSpan(\"a\", { kind: \"client\" }, { captureStackTrace: false })\nEffect.withSpan(\"a\")"
  ],
  "loggers": [
    "declare const one: Logger.Logger<unknown, void>\n" +
    "[Logger.replace(Logger.defaultLogger, one), Logger.add(one), Logger.remove(Logger.defaultLogger)]",
    "declare const one: Logger.Logger<unknown, void>\n" +
    "[Logger.layer([one]), Logger.layer([one], { mergeWithExisting: true }), Logger.layer([])]"
  ],
  "schemas": [
    "[Schema.Literal(\"a\", \"b\"), Schema.Literal(\"a\"), Schema.Union(Schema.String, Schema.Null)]\n" +
    "[Schema.Record({ key: Schema.String, value: Schema.Null }), Schema.pattern(/a/), Schema.between(1, 2), Schema.positive(), Schema.nonNegative()]\n" +
    "declare const parts: [Schema.Schema<1, 2>, Schema.Schema<1>, Effect.Effect.Success<never>]",
    "[Schema.Literals([\"a\", \"b\"]), Schema.Literal(\"a\"), Schema.Union([Schema.String, Schema.Null])]\n" +
    "[Schema.Record(Schema.String, Schema.Null), Schema.check(Schema.isPattern(/a/)), Schema.check(Schema.isBetween({ minimum: 1, maximum: 2 })), " +
    "Schema.check(Schema.isGreaterThan(0)), Schema.check(Schema.isGreaterThanOrEqualTo(0))]\n" +
    "declare const parts: [Schema.Codec<1, 2>, Schema.Schema<1>, Effect.Success<never>]"
  ],
  "durations": [
    "[Duration.format(5), Duration.format(Duration.zero)]",
    "[Duration.format(Duration.fromInputUnsafe(5)), Duration.format(Duration.zero)]"
  ],
  "schedules": [
    "declare const one: Schedule.Schedule<1>\n" +
    "[Schedule.either(one, one), Schedule.either(one), Schedule.intersect(one, one)]\n" +
    "[Schedule.whileInput(ours.isGood), Schedule.tapInput((n: number) => Effect.log(n))]",
    "declare const one: Schedule.Schedule<1>\n" +
    "[Schedule.min([one, one]), ((self) => Schedule.min([self, one])), Schedule.max([one, one])]\n" +
    "[Schedule.while(({ input }) => (ours.isGood)(input)), " +
    "Schedule.tap(({ input }: { readonly input: number }) => ((n: number) => Effect.log(n))(input))]"
  ],
  "streams": [
    "[Chunk.toReadonlyArray(ours.chunk)]\n" +
    "Stream.fromReadableStream(() => ours.stream, String)",
    "[ours.chunk]\n" +
    "Stream.fromReadableStream({ evaluate: () => ours.stream, onError: String })"
  ],
  "providers of configuration": [
    "[ConfigProvider.fromMap(ours.map), ConfigProvider.fromMap(ours.map, { pathDelim: \"_\" })]",
    "[ConfigProvider.fromUnknown(Object.fromEntries(ours.map)), " +
    "ConfigProvider.fromEnv({ env: Object.fromEntries(ours.map) })]"
  ],
  "sources of random numbers": [
    "Random.make(\"seed\")",
    "Effect.runSync(Random.withSeed(Effect.service(Random.Random), \"seed\"))"
  ],
  "requests": [
    "[HttpClientRequest.make(\"GET\"), HttpClientRequest.make(ours.method)]\n" +
    "HttpClient.withTracerDisabledWhen(ours.client, () => true)",
    "[HttpClientRequest.make(\"GET\"), HttpClientRequest.make(ours.method as " +
    "NonNullable<HttpClientRequest.Options[\"method\"]>)]\n" +
    "HttpClient.transformResponse(ours.client, Effect.provideService(HttpClient.TracerDisabledWhen, () => true))"
  ],
  "Undici": [
    "NodeHttpClient.makeUndici(new Undici.Agent())",
    "Effect.runSync(Effect.provideService(NodeHttpClient.makeUndici, NodeHttpClient.Dispatcher, new Undici.Agent()))"
  ],
  "endpoints": [
    "HttpApiEndpoint.get(\"a\", \"/a\").addSuccess(Schema.String).addError(Schema.Number)\nHttpApiEndpoint.get(\"b\", \"/b\")",
    "HttpApiEndpoint.get(\"a\", \"/a\", { success: Schema.String, error: Schema.Number })\n" +
    "HttpApiEndpoint.get(\"b\", \"/b\")"
  ],
  "modules of another name": [
    "[TestClock.adjust, FastCheck.string, NodeContext.layer, Otlp.layerJson]\n" +
    "declare const error: ConfigError.ConfigError",
    "[TestClock.adjust, FastCheck.string, NodeServices.layer, Otlp.layerJson]\n" +
    "declare const error: Config.ConfigError"
  ],
  "errors of an API and their status": [
    "class NotFound extends Schema.TaggedError<NotFound>()(\"NotFound\", {}, HttpApiSchema.annotations({ status: 404 })) {}",
    "class NotFound extends Schema.TaggedError<NotFound>()(\"NotFound\", {}, { httpApiStatus: 404 }) {}"
  ],
  "options and members of classes": [
    "declare const client: (request: HttpApiEndpoint.HttpApiEndpoint.ClientRequest<1, never, never, never, false>) => 1\n" +
    "client({ path: 1 })\nours.client({ path: 1 })\n" +
    "class Tenants extends LayerMap.Service<Tenants>()(\"Tenants\", { lookup: () => Layer.empty }) {}\n" +
    "[Tenants.Default, ours.Default]",
    "declare const client: (request: HttpApiEndpoint.HttpApiEndpoint.ClientRequest<1, never, never, never, false>) => 1\n" +
    "client({ params: 1 })\nours.client({ path: 1 })\n" +
    "class Tenants extends LayerMap.Service<Tenants>()(\"Tenants\", { lookup: () => Layer.empty }) {}\n" +
    "[Tenants.layer, ours.Default]"
  ],
  "tests": [
    "it.scoped(\"a\", () => Effect.void)\nit.scopedLive(\"b\", () => Effect.void)\nit.prop(\"c\", [FastCheck.string()], () => {})",
    "it.effect(\"a\", () => Effect.void)\nit.live(\"b\", () => Effect.void)\nproperty(\"c\", [FastCheck.string()], () => {})"
  ]
}

/** Packages of Effect 3 and the modules that the cases use. */
const imported: Readonly<Record<string, string>> = {
  effect:
    "Cause Chunk Clock Config ConfigError ConfigProvider Context Deferred Duration Effect Either ExecutionStrategy Exit " +
    "FastCheck Fiber FiberId Layer LayerMap Logger LogLevel Option Random Ref Schedule Schema Scope Stream TestClock",
  "@effect/opentelemetry": "Otlp",
  "@effect/platform":
    "Cookies Headers HttpApiBuilder HttpApiEndpoint HttpApiSchema HttpClient HttpClientRequest HttpLayerRouter " +
    "HttpServerResponse",
  "@effect/platform-node": "NodeContext NodeHttpClient Undici"
}

const importsOf = (text: string): string =>
  Object.entries(imported).flatMap(([name, modules]) =>
    modules.split(" ").filter((module) => new RegExp(`\\b${module}\\b`).test(text)).map((module) =>
      `import * as ${module} from "${name}/${module}"\n`
    )
  ).join("") + (/\bit\./.test(text) ? "import { it } from \"@effect/vitest\"\n" : "")

const ours = "declare const ours: { left: unknown; right: unknown } & Record<string, never>\n"

const from = resolve(import.meta.dirname, "../..")

const texts = new Map(
  Object.values(cases).map(([effect3], index) =>
    [`${from}/client-credentials/test/rule${index}.ts`, `${importsOf(effect3)}${ours}${effect3}\n`] as const
  )
)

const program = programOf(from, [], texts)

const used = new Set<string>()

const rewritten = [...texts.keys()].map((path) => {
  const file = program.getSourceFile(path)
  return file === undefined ? "" : rewrite(file, program.getTypeChecker(), used)
})

describe("what becomes of", () => {
  for (const [index, [name, [, effect4]]] of Object.entries(cases).entries()) {
    it(name, () => {
      const text = rewritten[index]?.replaceAll(/^import .*\n/gm, "").replace(ours, "").trim()
      assert.strictEqual(text, effect4)
    })
  }

  it("imports: modules that a rule needs are added, those that nothing needs any more are left out", () => {
    const at = Object.keys(cases).indexOf("members of Effect that another module has")
    const added = rewritten[at]?.match(/^import .*$/gm)
    assert.sameMembers(added ?? [], [
      "import * as Clock from \"effect/Clock\"",
      "import * as Deferred from \"effect/Deferred\"",
      "import * as Latch from \"effect/Latch\"",
      "import * as Semaphore from \"effect/Semaphore\""
    ])
  })
})

describe("a rule", () => {
  it("has a case here", () => {
    assert.deepStrictEqual(names.filter((name) => !used.has(name)), [])
  })
})
