/**
 * `doctor --fix`: changes are written into the profile as a careful user would write them.
 */
import { mkdirSync, readdirSync, readFileSync, statSync, symlinkSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { parseEnv } from "node:util"

import { assert, describe, it } from "@effect/vitest"
import { Effect, Either } from "effect"
import * as fc from "effect/FastCheck"

import * as change from "../src/internal/doctor/change.js"
import { edit } from "../src/internal/doctor/profileEdit.js"
import * as profileText from "../src/internal/profileText.js"
import * as support from "./support/doctor.js"
import * as servers from "./support/tlsServers.js"

describe("a change of a profile", () => {
  const variables = ["OAUTH_TOKEN_URL", "OAUTH_ISSUER", "OAUTH_DPOP", "OAUTH_REQUEST_FORMAT"] as const
  const value = fc.stringMatching(/^[a-z:/.]{1,12}$/)
  const others = ["OAUTH_CLIENT_ID", "OAUTH_CLIENT_SECRET", "OAUTH_SCOPE"]
  const line = fc.oneof(
    fc.constantFrom("", "# a comment", "  # OAUTH_DPOP=true", "export OAUTH_CLIENT_ID='a # b'"),
    fc.tuple(
      fc.constantFrom(...variables, ...others),
      value,
      fc.constantFrom("", "'", "\""),
      fc.constantFrom("", "export ", "  "),
      fc.constantFrom("=", " = ")
    ).map(([name, text, quote, before, equals]) => `${before}${name}${equals}${quote}${text}${quote}`)
  )
  const changes = fc.record({
    set: fc.dictionary(fc.constantFrom(...variables), value),
    unset: fc.uniqueArray(fc.constantFrom(...variables))
  }).map(({ set, unset }) => change.set(set, ...unset.filter((name) => set[name] === undefined)))

  const mark = fc.constantFrom("", "\ufeff")

  it("leads to exactly the changed settings, and keeps every other line", () => {
    fc.assert(
      fc.property(fc.array(line), fc.constantFrom("\n", "\r\n"), changes, mark, (lines, end, changed, bom) => {
        const text = bom + lines.map((one) => one + end).join("")
        const edited = Either.getOrThrow(edit(text, changed))
        const before = Either.getOrThrow(profileText.read(text))
        assert.deepStrictEqual(
          { ...Either.getOrThrow(profileText.read(edited.text)) },
          { ...change.applied(changed, before) }
        )
        const named = [...Object.keys(changed.set), ...changed.unset]
        const isOther = (one: string) => !named.some((name) => new RegExp(`^\\s*(export )?${name}\\b`).test(one))
        assert.deepStrictEqual(
          edited.text.replace(bom, "").split(end).filter(isOther).filter((one) => one !== ""),
          lines.filter(isOther).filter((one) => one !== "")
        )
        if (lines.length > 0) assert.notMatch(edited.text, end === "\n" ? /\r/ : /[^\r]\n/)
      }),
      {
        examples: [
          [["OAUTH_TOKEN_URL=:", "  # OAUTH_DPOP=true"], "\n", change.set({}, "OAUTH_TOKEN_URL"), ""],
          [[], "\r\n", change.set({}), "\ufeff"]
        ]
      }
    )
  })

  it("keeps the comment of a line", () => {
    const text = "# ours\nOAUTH_DPOP=false # of the bank\nexport OAUTH_SCOPE='a' # all\n"
    assert.deepStrictEqual(
      Either.map(edit(text, change.set({ OAUTH_DPOP: "true" })), (one) => one.text),
      Either.right("# ours\nOAUTH_DPOP='true' # of the bank\nexport OAUTH_SCOPE='a' # all\n")
    )
  })

  it("is of the one line that Node reads, where a variable is set several times", () => {
    fc.assert(
      fc.property(
        fc.array(line),
        fc.array(line),
        fc.constantFrom(...variables),
        fc.uniqueArray(value, { minLength: 2, maxLength: 5 }),
        (before, after, variable, [next = "", ...values]) => {
          const isOther = (one: string) => !new RegExp(`^\\s*(export )?${variable}\\b`).test(one)
          const lines = [
            ...before,
            ...values.map((one) => `${variable}=${one}`),
            ...after.filter(isOther)
          ]
          const edited = Either.getOrThrow(edit(lines.join("\n"), change.set({ [variable]: next })))
          const last = lines.length - after.filter(isOther).length - 1
          assert.deepStrictEqual(
            edited.text.split("\n").slice(0, -1).flatMap((one, index) => one === lines[index] ? [] : [[index, one]]),
            [[last, `${variable}='${next}'`]]
          )
          assert.strictEqual(parseEnv(edited.text)[variable], next)
          assert.lengthOf(edited.differences, 1)
        }
      )
    )
  })

  it("does not touch what looks like a setting within a value", () => {
    const key = "OAUTH_PRIVATE_KEY='-----\nOAUTH_DPOP=false\n-----'\n"
    assert.deepStrictEqual(
      Either.map(edit(key, change.set({ OAUTH_DPOP: "true" })), ({ text }) => text),
      Either.right(`${key}OAUTH_DPOP='true'\n`)
    )
    for (const text of [`OAUTH_DPOP=true\n${key}`, `${key}OAUTH_DPOP=true\n`, `OAUTH_DPOP=a\n${key}OAUTH_DPOP=b\n`]) {
      assert.deepStrictEqual(
        Either.map(edit(text, change.unset("OAUTH_DPOP")), (edited) => edited.text),
        Either.right(key)
      )
    }
  })

  it("does not touch what it cannot change safely", () => {
    const text = "OAUTH_DPOP='a\nb'\n"
    assert.isTrue(Either.isLeft(edit(text, change.unset("OAUTH_DPOP"))))
  })

  it("can be of variables without secrets only", () => {
    // @ts-expect-error The type is the rule: a variable of a secret does not compile.
    change.set({ OAUTH_CLIENT_SECRET: "x" })
  })
})

const json = ({ body, issue, reject }: support.TokenRequest) =>
  body.startsWith("{") ? issue() : reject(400, { error: "invalid_request" })

describe("doctor --fix", () => {
  const start = Effect.gen(function*() {
    const { user } = yield* support.start
    const { state, url } = yield* support.issuer(json)
    const profiles = join(user.directory, ".config", "effect-oauth", "profiles")
    mkdirSync(profiles, { recursive: true })
    const path = join(profiles, "default.env")
    const text = [
      "# the shop",
      `OAUTH_TOKEN_URL='${url}'`,
      "OAUTH_CLIENT_ID='a'",
      `OAUTH_CLIENT_SECRET='${servers.secret}'`,
      "OAUTH_ALLOW_HTTP_LOOPBACK=true",
      `API_BASE_URL=${yield* support.api}`,
      ""
    ].join("\n")
    return { path, profiles, state, text, url, user }
  })

  it.scopedLive("writes the change that the server accepted, and shows it without a secret", () =>
    Effect.gen(function*() {
      const { path, profiles, state, text, user } = yield* start
      writeFileSync(path, text, { mode: 0o600 })
      const first = yield* user.run(["doctor"])
      assert.strictEqual(first.exitCode, 21)
      assert.match(first.stdout, /1 problem found\. effect-oauth doctor --fix writes the change\.\n$/)
      assert.strictEqual(readFileSync(path, "utf8"), text)

      const { exitCode, stdout } = yield* user.run(["doctor", "--fix"])
      assert.strictEqual(exitCode, 0)
      assert.match(stdout, /default\.env\n\+ OAUTH_REQUEST_FORMAT='json'\n\nCalls can be made\.\n$/)
      assert.notInclude(stdout, "c4n4ry")
      assert.strictEqual(readFileSync(path, "utf8"), `${text}OAUTH_REQUEST_FORMAT='json'\n`)
      assert.strictEqual(statSync(path).mode & 0o777, 0o600)
      assert.deepStrictEqual(readdirSync(profiles), ["default.env"])

      const { issued } = state
      assert.strictEqual((yield* user.run(["doctor"])).exitCode, 0)
      assert.strictEqual(state.issued - issued, 1)
    }))

  it.scopedLive("is offered for the profile in use", () =>
    Effect.gen(function*() {
      const { profiles, text, user } = yield* start
      writeFileSync(join(profiles, "shop.env"), text, { mode: 0o600 })
      const { stdout } = yield* user.run(["doctor", "--profile", "shop"])
      assert.match(stdout, /1 problem found\. effect-oauth doctor --profile shop --fix writes the change\.\n$/)
    }))

  it.scopedLive("keeps the mode of the file, and the link that leads to it", () =>
    Effect.gen(function*() {
      const { path, text, user } = yield* start
      const real = join(user.directory, "shop.env")
      writeFileSync(real, text.replace(/^OAUTH_CLIENT_SECRET=.*$/m, "OAUTH_CLIENT_SECRET_FILE=secret"), { mode: 0o640 })
      writeFileSync(join(user.directory, "secret"), servers.secret, { mode: 0o600 })
      symlinkSync(real, path)
      assert.strictEqual((yield* user.run(["doctor", "--fix"])).exitCode, 0)
      assert.match(readFileSync(real, "utf8"), /OAUTH_REQUEST_FORMAT='json'/)
      assert.strictEqual(statSync(real).mode & 0o777, 0o640)
    }))

  it.scopedLive("replaces and removes, and states that it is to be run again where that is not proven", () =>
    Effect.gen(function*() {
      const { path, text, url, user } = yield* start
      writeFileSync(path, text.replace(/OAUTH_TOKEN_URL='[^']*'/, `OAUTH_ISSUER='${url}'`), { mode: 0o600 })
      const { exitCode, stdout } = yield* user.run(["doctor", "--fix"])
      assert.strictEqual(exitCode, 21)
      assert.match(
        stdout,
        /- OAUTH_ISSUER=.*\n\+ OAUTH_TOKEN_URL=.*\n\n1 problem found\. Run effect-oauth doctor again\.\n$/
      )
      assert.strictEqual((yield* user.run(["doctor", "--fix"])).exitCode, 0)
    }))

  it.scopedLive("writes the setting that accepts tokens of another type, for one token a run", () =>
    Effect.gen(function*() {
      const { path, text, user } = yield* start
      for (const token_type of ["BearerToken", undefined]) {
        const { state, url } = yield* support.issuer(({ issue }) => issue({ token_type }))
        writeFileSync(path, text.replace(/OAUTH_TOKEN_URL='[^']*'/, `OAUTH_TOKEN_URL='${url}'`), { mode: 0o600 })
        const { exitCode, stdout } = yield* user.run(["doctor", "--fix"])
        assert.strictEqual(exitCode, 21)
        assert.match(stdout, /\n\+ OAUTH_TOKEN_TYPE='assume-bearer'\n.*Run effect-oauth doctor again\.\n$/s)
        assert.strictEqual(state.issued, 1)
        assert.match((yield* user.run(["doctor"])).stdout, /Calls can be made\.\n$/)
        assert.strictEqual(state.issued, 2)
      }
    }))

  it.scopedLive("prints the commands where the settings are those of the environment", () =>
    Effect.gen(function*() {
      const { url, user } = yield* start
      const { exitCode, stdout } = yield* user.run(["doctor", "--fix"], {
        env: {
          OAUTH_TOKEN_URL: url,
          OAUTH_ALLOW_HTTP_LOOPBACK: "true",
          OAUTH_CLIENT_ID: "a",
          OAUTH_CLIENT_SECRET: servers.secret,
          API_BASE_URL: "none"
        }
      })
      assert.strictEqual(exitCode, 21)
      assert.match(stdout, /\nexport OAUTH_REQUEST_FORMAT='json'\n/)
    }))

  it.scopedLive("changes nothing where nothing can be changed", () =>
    Effect.gen(function*() {
      const { path, text, user } = yield* start
      const { url } = yield* support.issuer(({ reject }) => reject(400, { error: "invalid_scope" }))
      const own = text.replace(/OAUTH_TOKEN_URL='[^']*'/, `OAUTH_TOKEN_URL='${url}'`)
      writeFileSync(path, own, { mode: 0o600 })
      const { exitCode, stdout } = yield* user.run(["doctor", "--fix"])
      assert.strictEqual(exitCode, 21)
      assert.match(stdout, /nothing that --fix can change/)
      assert.strictEqual(readFileSync(path, "utf8"), own)
    }))
})
