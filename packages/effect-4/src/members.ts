/**
 * Names of members of Effect's modules in Effect 4, for members that were only renamed.
 *
 * A name in another module is written with it. Members that are not listed keep their name.
 */
export const renamed: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  "@effect/platform-node/NodeHttpClient": {
    layer: "layerNodeHttp",
    layerUndiciWithoutDispatcher: "layerUndiciNoDispatcher",
    layerWithoutAgent: "layerNodeHttpNoAgent",
    makeAgentLayer: "layerAgentOptions",
    UndiciRequestOptions: "UndiciOptions"
  },
  "@effect/platform/Cookies": { unsafeMakeCookie: "makeCookieUnsafe" },
  "@effect/platform/Headers": { remove: "removeMany" },
  "@effect/platform/HttpApiBuilder": { api: "layer" },
  "@effect/platform/HttpClientRequest": { bodyUnsafeJson: "bodyJsonUnsafe" },
  "@effect/platform/HttpLayerRouter": { addHttpApi: "@effect/platform/HttpApiBuilder.layer" },
  "@effect/platform/HttpServerResponse": { unsafeJson: "jsonUnsafe" },
  // Every test of an effect has a scope.
  "@effect/vitest/it": { scoped: "effect", scopedLive: "live" },
  "effect/Cause": {
    failureOption: "findErrorOption",
    isInterruptedOnly: "hasInterruptsOnly",
    IllegalArgumentException: "IllegalArgumentError",
    TimeoutException: "TimeoutError",
    isDie: "hasDies",
    isInterrupted: "hasInterrupts",
    isTimeoutException: "isTimeoutError"
  },
  "effect/Config": {
    duration: "Duration",
    integer: "Int",
    nonEmptyString: "NonEmptyString",
    redacted: "Redacted",
    string: "String"
  },
  "effect/ConfigProvider": { fromJson: "fromUnknown" },
  "effect/Context": { GenericTag: "Service", Tag: "Service" },
  "effect/Deferred": { unsafeDone: "doneUnsafe", unsafeMake: "makeUnsafe" },
  "effect/Duration": { DurationInput: "Input", decode: "fromInputUnsafe" },
  "effect/Effect": {
    async: "callback",
    catchAll: "catch",
    catchAllCause: "catchCause",
    catchAllDefect: "catchDefect",
    clock: "Clock.Clock",
    dieMessage: "die",
    either: "result",
    fork: "forkChild",
    forkDaemon: "forkDetach",
    fromNullable: "fromNullishOr",
    intoDeferred: "Deferred.into",
    makeLatch: "Latch.make",
    makeSemaphore: "Semaphore.make",
    tapErrorCause: "tapCause",
    timeoutFail: "timeoutOrElse",
    unsafeMakeSemaphore: "Semaphore.makeUnsafe",
    zipRight: "andThen"
  },
  "effect/Either": {
    Either: "Result",
    isLeft: "isFailure",
    isRight: "isSuccess",
    left: "fail",
    mapLeft: "mapError",
    right: "succeed"
  },
  "effect/Exit": { isInterrupted: "hasInterrupts" },
  "effect/Fiber": { RuntimeFiber: "Fiber" },
  "effect/Layer": {
    catchAll: "catch",
    scoped: "effect",
    scopedContext: "effectContext",
    scopedDiscard: "effectDiscard",
    setConfigProvider: "ConfigProvider.layer",
    unwrapEffect: "unwrap",
    unwrapScoped: "unwrap"
  },
  "effect/Logger": {
    jsonLogger: "formatJson",
    logfmtLogger: "formatLogFmt",
    stringLogger: "formatSimple",
    structuredLogger: "formatStructured"
  },
  "effect/Option": { flatMapNullable: "flatMapNullishOr", fromNullable: "fromNullishOr" },
  "effect/Ref": { unsafeMake: "makeUnsafe" },
  "effect/Schema": {
    NonNegativeInt: "Natural",
    // Of that name, Effect 4 has the schema that encodes to "<redacted>".
    Redacted: "RedactedFromValue",
    decode: "decodeEffect",
    encode: "encodeEffect",
    parseJson: "fromJsonString"
  },
  "effect/Scope": { CloseableScope: "Closeable", extend: "provide" },
  "effect/Stream": { catchAll: "catch" }
}

/** New names of members of values, by the type that declares them. */
export const members: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  "effect/Context#Context": { unsafeMap: "mapUnsafe" },
  "@effect/platform/HttpApiEndpoint#": { path: "params" },
  "effect/Either#Left": { left: "failure" },
  "effect/Either#Right": { right: "success" },
  "effect/LayerMap#TagClass": { Default: "layer" },
  "effect/Fiber#RuntimeFiber": { unsafePoll: "pollUnsafe" },
  "effect/Clock#Clock": {
    unsafeCurrentTimeMillis: "currentTimeMillisUnsafe",
    // The steady clock: of that name, Effect 4 has the wall clock.
    unsafeCurrentTimeNanos: "monotonicTimeNanosUnsafe"
  }
}

/** Members of modules that are strings in Effect 4. */
export const texts: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  "effect/LogLevel": {
    All: "All",
    Warning: "Warn"
  }
}

/** The tags of values, by the type that declares them. */
export const tags: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  "effect/Either": { Left: "Failure", Right: "Success" }
}
