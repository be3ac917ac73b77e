import { type HttpClientError } from "@effect/platform"
import { assert, describe, it } from "@effect/vitest"
import * as Library from "@effect-oauth/client-credentials"
import { OAuthError } from "@effect-oauth/client-credentials"
import * as NodeTls from "@effect-oauth/client-credentials/NodeTls"
import { Cause, Data, Duration, Effect, Either, Equal } from "effect"
import { expectTypeOf } from "vitest"

/** The error classes that the package exports, by module and name. */
const exported = Object.entries({ ...Library, NodeTls }).flatMap(([module, members]) =>
  Object.entries(members as Record<string, unknown>).flatMap(([name, value]) =>
    typeof value === "function" && value.prototype instanceof Error ? [[`${module}.${name}`, value] as const] : []
  )
)

describe("an error", () => {
  const make = (retryAfter: number) =>
    new OAuthError.TokenEndpointUnavailable({
      endpoint: "https://issuer.example/token",
      reason: "status",
      detail: "503",
      retryAfter: Duration.seconds(retryAfter)
    })

  it("is named after its tag and prints its message", () => {
    for (const [path, error] of exported) {
      const name = path.split(".")[1] ?? ""
      const { prototype } = error as { readonly prototype: Error }
      assert.strictEqual(prototype.name, name)
      assert.strictEqual(new (error as new(fields: object) => Error)({}).name, name)
    }
    const notAllowed = new OAuthError.OriginNotAllowed({
      origin: "https://other.example",
      allowed: ["https://api.example.com"]
    })
    for (const text of [String(notAllowed), notAllowed.stack ?? "", Cause.pretty(Cause.fail(notAllowed))]) {
      assert.match(text, /^OriginNotAllowed: The token may go to /)
    }
    assert.match(
      String(make(5)),
      /^TokenEndpointUnavailable: The token endpoint https:\/\/issuer\.example\/token is not/
    )
  })

  it("equals another with the same fields", () => {
    assert.isTrue(Equal.equals(make(5), make(5)))
    assert.isFalse(Equal.equals(make(5), make(6)))
  })

  it("is serialized as its tag and its fields", () => {
    assert.deepStrictEqual(JSON.parse(JSON.stringify(make(5))), {
      _tag: "TokenEndpointUnavailable",
      endpoint: "https://issuer.example/token",
      reason: "status",
      detail: "503",
      retryAfter: { _id: "Duration", _tag: "Millis", millis: 5000 }
    })
  })
})

describe("isOAuthError", () => {
  it("returns true for every error class that the package exports", () => {
    for (const name of ["InvalidConfig.InvalidConfig", "OAuthError.TokenStoreError", "OAuthError.InsufficientScope"]) {
      assert.include(exported.map(([name]) => name), name)
    }
    const missed = exported.filter(([, { prototype }]) => !OAuthError.isOAuthError(Object.create(prototype as object)))
    assert.deepStrictEqual(missed.map(([name]) => name), [])
  })

  it("returns false for other values", () => {
    class Other extends Data.TaggedError("InsufficientScope")<{ readonly endpoint: string }> {}
    const others = [
      undefined,
      null,
      "InsufficientScope",
      { _tag: "InsufficientScope", endpoint: "https://api.example", scope: [] },
      new Other({ endpoint: "https://api.example" }),
      new Error("InvalidConfig"),
      new Cause.TimeoutException()
    ]
    for (const other of others) assert.isFalse(OAuthError.isOAuthError(other))
  })

  it("narrows a union to the errors of the package", () => {
    const failing: Effect.Effect<never, HttpClientError.HttpClientError | OAuthError.OAuthError> = Effect.fail(
      new OAuthError.OriginNotAllowed({
        origin: "https://other.example",
        allowed: ["https://api.example.com"]
      })
    )
    const caught = Effect.catchIf(failing, OAuthError.isOAuthError, (error) => {
      expectTypeOf(error).toExtend<OAuthError.OAuthError>()
      return Effect.succeed(error._tag)
    })
    expectTypeOf<Effect.Effect.Error<typeof caught>>().toEqualTypeOf<HttpClientError.HttpClientError>()
    assert.isTrue(Either.isRight(Effect.runSync(Effect.either(caught))))

    const unknown: unknown = new Library.InvalidConfig.InvalidConfig({ problems: [] })
    if (!OAuthError.isOAuthError(unknown)) return assert.fail("InvalidConfig is an error of the package")
    expectTypeOf(unknown._tag).toEqualTypeOf<
      | OAuthError.OAuthError["_tag"]
      | "InvalidConfig"
      | "ResourceMetadataInvalid"
      | "RevocationUnsupported"
      | "TokenStoreError"
    >()
    assert.isFalse(unknown.retryable)
  })
})
