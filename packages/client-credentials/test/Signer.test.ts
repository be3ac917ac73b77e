/**
 * Keys that sign outside the process: their signatures are verified, their failures state what to check.
 */
import { createPublicKey, generateKeyPairSync, type KeyObject, sign } from "node:crypto"

import { assert, describe, it } from "@effect/vitest"
import { ApiClient, ClientAuthentication, ClientConfig, Signer } from "@effect-oauth/client-credentials"
import { Data, Effect, Fiber, Redacted, TestClock } from "effect"
import { decodeProtectedHeader, jwtVerify } from "jose"

import { printed } from "./support/printed.js"
import * as scenario from "./support/scenario.js"

const { privateKey: p256 } = generateKeyPairSync("ec", { namedCurve: "P-256" })
const { privateKey: rsa } = generateKeyPairSync("rsa", { modulusLength: 2048 })
const { privateKey: ed25519 } = generateKeyPairSync("ed25519")
const jwkOf = (key: KeyObject) => createPublicKey(key).export({ format: "jwk" })
const bytesOf = (buffer: Buffer) => new Uint8Array(buffer)

/** A signing service with the key on P-256, which returns DER or the form of JWS. */
const service = (dsaEncoding: "der" | "ieee-p1363") => {
  const state = { signatures: 0 }
  return {
    state,
    sign: (data: Uint8Array) =>
      Effect.sync(() => {
        state.signatures += 1
        return bytesOf(sign("sha256", data, { key: p256, dsaEncoding }))
      })
  }
}

const configured = (options: Parameters<typeof ClientAuthentication.privateKeyJwt>[0]) =>
  ClientConfig.make({
    ...scenario.options,
    clientSecret: undefined,
    clientAuthentication: ClientAuthentication.privateKeyJwt(options)
  })

const assertionBy = (
  options: Parameters<typeof ClientAuthentication.privateKeyJwt>[0],
  { index = 0, signingAlgorithms }: {
    readonly index?: number
    readonly signingAlgorithms?: ReadonlyArray<string> | undefined
  } = {}
) =>
  Effect.gen(function*() {
    const { credentials } = (yield* configured(options)).authentication(undefined)
    const { prove } = yield* credentials[index] ?? Effect.dieMessage("no credential")
    const target = { clientId: "id", issuer: "https://auth.example.com", endpoint: "https://auth.example.com", now: 0 }
    const { parameters = {} } = yield* prove({ ...target, signingAlgorithms })
    return parameters["client_assertion"] ?? ""
  })

const verified = (key: KeyObject, jwt: string) =>
  Effect.promise(() => jwtVerify(jwt, createPublicKey(key), { currentDate: new Date(0) }))

const failed = (signature: Effect.Effect<Uint8Array, unknown>, algorithm: "ES256" | "RS256" = "ES256") =>
  Effect.map(
    Effect.flip(assertionBy({ signer: Signer.make({ algorithm, sign: () => signature }) })),
    (error) => {
      assert(error._tag === "CredentialUnavailable")
      assert.strictEqual(error.credential, "private key")
      assert.isTrue(error.retryable)
      assert.notInclude(printed(error), "c4n4ry")
      return error.message
    }
  )

describe("a signer", () => {
  it.effect("signs assertions that the public key verifies, with its key id", () =>
    Effect.gen(function*() {
      const jwt = yield* assertionBy({
        signer: Signer.make({ algorithm: "ES256", keyId: "k1", sign: service("ieee-p1363").sign })
      })
      assert.deepStrictEqual(decodeProtectedHeader(jwt), { typ: "client-authentication+jwt", alg: "ES256", kid: "k1" })
      const { payload } = yield* verified(p256, jwt)
      assert.deepInclude(payload, { iss: "id", sub: "id", aud: "https://auth.example.com", iat: 0, exp: 60 })
    }))

  it.effect("that returns DER is converted", () =>
    Effect.gen(function*() {
      const signer = Signer.fromDer({ algorithm: "ES256", sign: service("der").sign })
      yield* verified(p256, yield* assertionBy({ signer }))
    }))

  it.effect("that takes a digest receives it, by the hash of the algorithm", () =>
    Effect.gen(function*() {
      const lengths: Array<number> = []
      const signer = Signer.make({
        algorithm: "PS256",
        // A signature over the digest would not verify, so only the size of the digest can be checked.
        signDigest: (digest) => Effect.sync(() => new Uint8Array(256).fill(lengths.push(digest.length)))
      })
      yield* assertionBy({ signer })
      yield* assertionBy({ signer: { ...signer, algorithm: "PS256" } })
      assert.deepStrictEqual(lengths, [32, 32])
    }))

  it.effect("may be written by a program, also as a class with methods", () =>
    Effect.gen(function*() {
      class Own implements Signer.Signer {
        readonly algorithm = "EdDSA"
        readonly keyId = undefined
        readonly publicKey = undefined
        private readonly key = ed25519
        sign(data: Uint8Array) {
          return Effect.sync(() => bytesOf(sign(null, data, this.key)))
        }
      }
      yield* verified(ed25519, yield* assertionBy({ signer: new Own() }))
    }))

  it.effect("of the current key has the key id of the option, the previous one its own key id", () =>
    Effect.gen(function*() {
      const signer = Signer.make({ algorithm: "ES256", keyId: "own", sign: service("ieee-p1363").sign })
      const keyIdOf = (index: number) =>
        Effect.map(
          assertionBy({ signer, keyId: "given", previous: { ...signer, keyId: "before" } }, { index }),
          (jwt) => decodeProtectedHeader(jwt).kid
        )
      assert.deepStrictEqual(yield* Effect.all([keyIdOf(0), keyIdOf(1), keyIdOf(2)]), ["given", "given", "before"])
    }))

  for (
    const [name, keyIds, expected] of [
      ["without key id and public key is tried", [undefined, undefined], 2],
      ["with the same key id is the current one", ["one", "one"], 1],
      ["with another key id is tried", ["one", "two"], 2]
    ] as const
  ) {
    it.effect(`before it ${name}`, () =>
      Effect.gen(function*() {
        const signerOf = (keyId: string | undefined) =>
          Signer.make({ algorithm: "ES256", keyId, sign: service("ieee-p1363").sign })
        const [signer, previous] = keyIds.map(signerOf)
        const { layer, sent } = scenario.make(scenario.ok, {
          clientSecret: undefined,
          clientAuthentication: ClientAuthentication.privateKeyJwt({ signer: signer ?? assert.fail(), previous })
        }, () => Response.json({ error: "invalid_client" }, { status: 401 }))
        const call = Effect.flatMap(ApiClient.ApiClient, (api) => api.get("/items"))
        assert.strictEqual((yield* Effect.flip(Effect.provide(call, layer)))._tag, "TokenErrorResponse")
        assert.lengthOf(sent, expected)
      }))
  }

  it.effect("is not used when the server does not support its algorithm", () =>
    Effect.gen(function*() {
      const { sign, state } = service("ieee-p1363")
      const signer = Signer.make({ algorithm: "ES256", sign })
      const error = yield* Effect.flip(assertionBy({ signer }, { signingAlgorithms: ["PS256"] }))
      assert.strictEqual(error._tag, "DiscoveryFailed")
      assert.match(error.message, /by PS256 only .*configured to sign by ES256/)
      yield* assertionBy({ signer }, { signingAlgorithms: ["PS256", "ES256"] })
      assert.strictEqual(state.signatures, 1)
    }))

  it.effect("signs once for 1,000 calls", () =>
    Effect.gen(function*() {
      const { sign, state } = service("der")
      const { counts, layer, sent } = scenario.make(scenario.ok, {
        clientSecret: undefined,
        clientAuthentication: ClientAuthentication.privateKeyJwt({
          signer: Signer.fromDer({ algorithm: "ES256", sign })
        })
      })
      yield* Effect.flatMap(
        ApiClient.ApiClient,
        (api) => Effect.replicateEffect(api.get("/items"), 1000, { concurrency: 50, discard: true })
      ).pipe(Effect.provide(layer))
      assert.deepStrictEqual(counts, { tokens: 1, calls: 1000 })
      assert.strictEqual(state.signatures, 1)
      const body = new URLSearchParams(sent.find(({ url }) => url === scenario.options.tokenUrl)?.body)
      yield* verified(p256, body.get("client_assertion") ?? "")
    }))
})

describe("a failing signer reports the cause and what to check", () => {
  class AccessDenied extends Data.TaggedError("AccessDenied")<{ readonly secret: string }> {}
  class KMSInvalidStateException extends Error {
    override readonly name = "KMSInvalidStateException"
  }
  const check =
    "Check the signer: whether its service can be reached, has the key, and allows this program to sign with it."

  it.effect("by the tag, the class or the code of the failure, and by nothing else", () =>
    Effect.gen(function*() {
      const by = (kind: string) => `The private key could not be used: its signer failed${kind}. ${check}`
      const rejected = (error: unknown) => Effect.tryPromise(() => Promise.reject(error))
      assert.strictEqual(yield* failed(Effect.fail(new AccessDenied({ secret: "c4n4ry" }))), by(" (AccessDenied)"))
      assert.strictEqual(
        yield* failed(rejected(new KMSInvalidStateException("c4n4ry"))),
        by(" (KMSInvalidStateException)")
      )
      assert.strictEqual(
        yield* failed(rejected(Object.assign(new Error("c4n4ry"), { code: "ECONNREFUSED" }))),
        by(" (ECONNREFUSED)")
      )
      assert.strictEqual(yield* failed(rejected(new Error("c4n4ry"))), by(""))
      assert.strictEqual(yield* failed(Effect.fail("c4n4ry")), by(""))
      assert.strictEqual(yield* failed(Effect.die(new TypeError("c4n4ry"))), by(""))
      const throws = Effect.suspend((): Effect.Effect<Uint8Array> => {
        throw new KMSInvalidStateException("c4n4ry")
      })
      assert.strictEqual(yield* failed(throws), by(" (KMSInvalidStateException)"))
    }))

  it.effect("after 10 seconds without a response", () =>
    Effect.gen(function*() {
      const fiber = yield* Effect.fork(failed(Effect.never))
      yield* TestClock.adjust("10 seconds")
      assert.match(yield* Fiber.join(fiber), /its signer did not respond within 10 seconds\. Check the signer/)
    }))

  it.effect("when a signature has another length", () =>
    Effect.gen(function*() {
      assert.match(yield* failed(Effect.succeed(new Uint8Array(63))), /returned 63 bytes.*ES256 has 64\. Check/)
      assert.match(yield* failed(Effect.succeed(new Uint8Array(64)), "RS256"), /RS256 has 256 or more/)
      assert.match(yield* failed(service("der").sign(new Uint8Array())), /it is DER, for Signer\.fromDer/)
      assert.match(yield* failed(Effect.succeed("c4n4ry" as never)), /no Uint8Array/)
    }))

  it.effect("when DER is expected", () =>
    Effect.gen(function*() {
      for (const signature of [new Uint8Array(64), "c4n4ry" as never]) {
        const signer = Signer.fromDer({ algorithm: "ES256", sign: () => Effect.succeed(signature) })
        const error = yield* Effect.flip(assertionBy({ signer }))
        assert.match(error.message, /something else than DER with two positive numbers of 32 bytes at most/)
        assert.notInclude(printed(error), "c4n4ry")
      }
    }))
})

describe("a signer with invalid options is an InvalidConfig:", () => {
  const sign = service("ieee-p1363").sign
  const settings = (options: unknown) =>
    Effect.map(
      Effect.flip(configured(options as Parameters<typeof ClientAuthentication.privateKeyJwt>[0])),
      ({ message, problems }) => {
        assert.notInclude(message, "c4n4ry")
        return problems.map(({ setting }) => setting.replace("clientAuthentication.", ""))
      }
    )
  const make = (options: unknown) => Signer.make(options as Parameters<typeof Signer.make>[0])
  const fromDer = (options: unknown) => Signer.fromDer(options as Parameters<typeof Signer.fromDer>[0])
  const publicKey = jwkOf(p256)
  const wrong: ReadonlyArray<readonly [string, unknown, ReadonlyArray<string>]> = [
    ["no object", { signer: "c4n4ry" }, ["signer"]],
    ["an Effect that makes one", { signer: Effect.succeed(make({ algorithm: "ES256", sign })) }, ["signer"]],
    ["neither key nor signer", {}, ["key"]],
    ["key and signer", { signer: make({ algorithm: "ES256", sign }), key: Redacted.make("c4n4ry") }, ["key"]],
    ["an algorithm beside it", { signer: make({ algorithm: "ES256", sign }), algorithm: "ES256" }, ["algorithm"]],
    ["no options", { signer: make(undefined) }, ["signer.options"]],
    ["no members", { signer: {} }, ["signer.algorithm", "signer.sign"]],
    ["nothing that signs", { signer: make({ algorithm: "ES256" }) }, ["signer.sign"]],
    ["two that sign", { signer: make({ algorithm: "ES256", sign, signDigest: sign }) }, ["signer.signDigest"]],
    ["no function", { signer: make({ algorithm: "ES256", signDigest: "c4n4ry" }) }, ["signer.signDigest"]],
    ["a digest for EdDSA", { signer: make({ algorithm: "EdDSA", signDigest: sign }) }, ["signer.signDigest"]],
    ["an algorithm for secrets", { signer: make({ algorithm: "HS256", sign }) }, ["signer.algorithm"]],
    ["DER of RSA", { signer: fromDer({ algorithm: "RS256", sign }) }, ["signer.algorithm"]],
    ["a key id that is empty", { signer: make({ algorithm: "ES256", keyId: "", sign }) }, ["signer.keyId"]],
    ["a misspelt option", { signer: make({ algorithm: "ES256", keyID: "c4n4ry", sign }) }, ["signer.keyID"]],
    [
      "the public key of another algorithm",
      { signer: make({ algorithm: "RS256", publicKey, sign }) },
      ["signer.publicKey"]
    ],
    [
      "a private key in place of the public key",
      { signer: make({ algorithm: "ES256", publicKey: p256.export({ format: "jwk" }), sign }) },
      ["signer.publicKey"]
    ],
    ["text in place of the public key", { signer: make({ algorithm: "ES256", publicKey: "c4n4ry", sign }) }, [
      "signer.publicKey"
    ]],
    ["a previous one", { signer: make({ algorithm: "ES256", sign }), previous: make({ sign }) }, ["previous.algorithm"]]
  ]
  for (const [name, options, expected] of wrong) {
    it.effect(name, () => Effect.map(settings(options), (found) => assert.deepStrictEqual(found, expected)))
  }
})

describe("a public key of a signer", () => {
  const sign = service("ieee-p1363").sign
  for (
    const [name, key, algorithm] of [["P-256", p256, "ES256"], ["RSA", rsa, "PS256"], [
      "Ed25519",
      ed25519,
      "EdDSA"
    ]] as const
  ) {
    it(`on ${name} is read from JWK, DER and PEM`, () => {
      const spki = { type: "spki" } as const
      const expected = jwkOf(key)
      for (
        const publicKey of [
          { ...expected, kid: "k", use: "sig", alg: algorithm },
          bytesOf(createPublicKey(key).export({ ...spki, format: "der" })),
          String(createPublicKey(key).export({ ...spki, format: "pem" }))
        ]
      ) {
        const signer = Signer.make({ algorithm, publicKey, sign })
        assert.deepStrictEqual(signer.publicKey, expected)
        assert.deepStrictEqual(signer.problems, [])
      }
    })
  }

  it("is not read from a private key, or from other values", () => {
    for (
      const publicKey of [
        p256.export({ format: "jwk" }),
        bytesOf(p256.export({ type: "pkcs8", format: "der" })),
        String(p256.export({ type: "pkcs8", format: "pem" })),
        bytesOf(createPublicKey(p256).export({ type: "spki", format: "der" })).slice(0, -1),
        { ...jwkOf(p256), x: "AAAA" },
        { ...jwkOf(p256), use: "enc" },
        new Uint8Array()
      ]
    ) {
      const signer = Signer.make({ algorithm: "ES256", publicKey: publicKey as Signer.PublicKey, sign })
      assert.isUndefined(signer.publicKey)
      assert.deepStrictEqual(signer.problems?.map(({ setting }) => setting), ["publicKey"])
    }
  })
})

describe("a key of the platform", () => {
  const generate = (algorithm: Record<string, unknown>, usages: Array<KeyUsage> = ["sign", "verify"]) =>
    Effect.promise(() => crypto.subtle.generateKey(algorithm as { readonly name: "Ed25519" }, false, usages)).pipe(
      Effect.map((pair) => pair as CryptoKeyPair)
    )
  const rsaKey = { modulusLength: 2048, publicExponent: Uint8Array.of(1, 0, 1) }

  for (
    const [expected, algorithm] of [
      ["RS256", { name: "RSASSA-PKCS1-v1_5", hash: "SHA-256", ...rsaKey }],
      ["PS384", { name: "RSA-PSS", hash: "SHA-384", ...rsaKey }],
      ["ES256", { name: "ECDSA", namedCurve: "P-256" }],
      ["ES512", { name: "ECDSA", namedCurve: "P-521" }],
      ["EdDSA", { name: "Ed25519" }]
    ] as const
  ) {
    it.effect(`signs with ${expected}, the algorithm of the key`, () =>
      Effect.gen(function*() {
        const pair = yield* generate(algorithm)
        for (const key of [pair, pair.privateKey]) {
          const signer = yield* Signer.fromCryptoKey({ key, keyId: "k" })
          assert.strictEqual(signer.algorithm, expected)
          assert.strictEqual(signer.publicKey === undefined, key === pair.privateKey)
          const jwt = yield* assertionBy({ signer })
          assert.deepInclude(decodeProtectedHeader(jwt), { alg: expected, kid: "k" })
          yield* Effect.promise(() => jwtVerify(jwt, pair.publicKey, { currentDate: new Date(0) }))
        }
      }))
  }

  it.effect("that was generated with only the usage sign includes its public key", () =>
    Effect.gen(function*() {
      const pair = yield* generate({ name: "ECDSA", namedCurve: "P-256" }, ["sign"])
      const { publicKey } = yield* Signer.fromCryptoKey({ key: pair })
      const { x, y } = yield* Effect.promise(() => crypto.subtle.exportKey("jwk", pair.publicKey))
      assert.deepInclude(publicKey, { kty: "EC", crv: "P-256", x, y })
    }))

  it.effect("that cannot sign is an InvalidConfig", () =>
    Effect.gen(function*() {
      const pair = yield* generate({ name: "ECDSA", namedCurve: "P-256" })
      const rsa1024 = yield* generate({ name: "RSA-PSS", hash: "SHA-256", ...rsaKey, modulusLength: 1024 })
      const sha1 = yield* generate({ name: "RSA-PSS", hash: "SHA-1", ...rsaKey })
      const secret = yield* Effect.promise(() =>
        crypto.subtle.generateKey({ name: "HMAC", hash: "SHA-256" }, false, ["sign"])
      )
      type Options = Parameters<typeof Signer.fromCryptoKey>[0]
      const wrong: ReadonlyArray<readonly [unknown, ReadonlyArray<string>]> = [
        [undefined, ["options"]],
        [{}, ["key"]],
        [{ key: pair.publicKey }, ["key"]],
        [{ key: { publicKey: pair.publicKey } }, ["key"]],
        [{ key: rsa1024 }, ["key"]],
        [{ key: sha1 }, ["key"]],
        [{ key: secret }, ["key"]],
        [{ key: p256 }, ["key"]],
        [{ key: pair, keyId: "" }, ["keyId"]],
        [{ key: pair, keyID: "x" }, ["keyID"]],
        [{ key: { ...pair, privateKey: pair.privateKey, publicKey: pair.privateKey } }, ["publicKey"]],
        [{ key: pair, publicKey: jwkOf(rsa) }, ["publicKey"]]
      ]
      for (const [options, expected] of wrong) {
        const { problems } = yield* Effect.flip(Signer.fromCryptoKey(options as Options))
        assert.deepStrictEqual(problems.map(({ setting }) => setting), expected)
      }
    }))
})
