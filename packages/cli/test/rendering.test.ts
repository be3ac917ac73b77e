/**
 * Rendering of output by pure functions.
 */
import { parseEnv } from "node:util"

import { assert, describe, it } from "@effect/vitest"
import { Either, FastCheck, Option } from "effect"

import * as ansi from "../src/internal/ansi.js"
import * as directories from "../src/internal/directories.js"
import * as download from "../src/internal/download.js"
import * as durationText from "../src/internal/durationText.js"
import { explain } from "../src/internal/explain.js"
import { Failure } from "../src/internal/Failure.js"
import * as jwt from "../src/internal/jwt.js"
import * as plot from "../src/internal/plot.js"
import * as profileText from "../src/internal/profileText.js"
import * as redaction from "../src/internal/redaction.js"
import * as table from "../src/internal/table.js"

const { assert: check, integer, property } = FastCheck

describe("a table", () => {
  it("has lines of one width, whatever is in it and however it is colored", () => {
    const word = FastCheck.stringMatching(/^[a-z ]{0,8}$/)
    check(property(FastCheck.array(FastCheck.array(word, { minLength: 1, maxLength: 4 }), { minLength: 1 }), (rows) => {
      const red = ansi.make(true).red
      const drawn = table.draw(rows.map((row) => row.map((cell, index) => index === 0 ? red(cell) : cell)), ["right"])
      assert.strictEqual(new Set(drawn.split("\n").map((line) => ansi.strip(line).length)).size, 1)
      assert.strictEqual(ansi.strip(drawn), table.draw(rows, ["right"]))
    }))
  })
})

describe("a plot", () => {
  it("has the requested number of rows, and every value in its column", () => {
    check(property(FastCheck.array(integer({ min: 0, max: 5000 }), { minLength: 1, maxLength: 60 }), (values) => {
      const drawn = plot.draw([{ mark: "*", values }], { height: 11, limit: undefined, from: "a", to: "b" }).split("\n")
      assert.strictEqual(drawn.length, 13)
      const grid = drawn.slice(0, 11).map((line) => line.slice(line.indexOf("┤") + 1))
      values.forEach((_, column) => {
        assert.strictEqual(grid.filter((row) => row[column] === "*").length, 1)
      })
      assert.isAtLeast(plot.ceiling(Math.max(...values)), Math.max(...values))
    }))
  })
})

describe("durations", () => {
  it("are read as they are written", () => {
    for (
      const [text, millis] of [["24h", 86_400_000], ["15min", 900_000], ["90", 90_000], ["1 h 30 min", 5_400_000], [
        "500ms",
        500
      ]] as const
    ) assert.deepStrictEqual(durationText.read(text), Option.some(millis))
    for (const text of ["", "soon", "1y", "-1h"]) assert.isTrue(Option.isNone(durationText.read(text)), text)
    check(property(integer({ min: 0, max: 90_000 }), (seconds) => {
      const read = Option.getOrThrow(durationText.read(durationText.show(seconds * 1000)))
      // Two units: the seconds of an hour are left out.
      assert.isTrue(read <= seconds * 1000 && seconds * 1000 - read < 3_600_000)
    }))
  })
})

describe("a download", () => {
  it("is a file in this directory, whatever the server calls it", () => {
    check(property(FastCheck.string({ unit: "binary" }), (name) => {
      const quoted = `attachment; filename="${name.replace(/["\\]/g, "\\$&")}"`
      for (const disposition of [quoted, `attachment; filename*=UTF-8''${name}`, name]) {
        const found = download.fileName(disposition, "https://api.example.com/a%2F..%2Fb")
        assert.notMatch(found, /[/\\\x00-\x1f]|^\.|^$/)
      }
    }))
    assert.strictEqual(download.fileName("attachment; filename=\"a b.csv\"", "https://x.example/y"), "a b.csv")
    assert.strictEqual(download.fileName("attachment; filename*=UTF-8''%c3%bc.csv", "https://x.example/y"), "ü.csv")
    assert.strictEqual(download.fileName(undefined, "https://x.example/exports/items.csv?x=1"), "items.csv")
    assert.strictEqual(download.fileName(undefined, "https://x.example/"), "index")
    assert.strictEqual(download.numbered("a.csv", 2), "a-2.csv")
  })

  it("shows how far it is", () => {
    assert.strictEqual(download.progress(50, 100, 1000), ` 50% ${"█".repeat(15)}${"░".repeat(15)} 50 B 50 B/s`)
    assert.strictEqual(download.progress(1500, undefined, 0), "1.5 kB")
  })
})

describe("a profile", () => {
  it("is read as it was written, here and by Node", () => {
    const value = FastCheck.string({ unit: "grapheme-ascii" })
    check(property(FastCheck.dictionary(FastCheck.stringMatching(/^OAUTH_[A-Z]{1,8}$/), value), (values) => {
      const text = profileText.write(values)
      if (Either.isLeft(text)) return
      assert.deepStrictEqual(profileText.read(text.right), Either.right({ ...values }))
      assert.deepStrictEqual({ ...parseEnv(text.right) }, { ...values })
    }))
    assert.isTrue(Either.isLeft(profileText.write({ A: "x\ny" })))
    assert.isTrue(Either.isLeft(profileText.write({ A: "'`" })))
    assert.deepStrictEqual(
      profileText.read("# a\n\nexport A = \"b c\"\nB=d # e\n"),
      Either.right({ A: "b c", B: "d" })
    )
    assert.deepStrictEqual(profileText.read("A=b\nnonsense"), Either.left(2))
    for (const text of ["A=b\n", "# a\r\nA='b'\r\n", "export A=b", "nonsense", ""]) {
      assert.deepStrictEqual(profileText.read(`\ufeff${text}`), profileText.read(text))
    }
  })

  it("is in the directories of the user", () => {
    const found = directories.make({ XDG_CONFIG_HOME: "/c", XDG_STATE_HOME: "relative" }, "/home/u")
    assert.deepStrictEqual([found.profiles, found.tokens], [
      "/c/effect-oauth/profiles",
      "/home/u/.local/state/effect-oauth/tokens"
    ])
  })
})

describe("what is shown of the traffic", () => {
  it("has no credential in it", () => {
    for (
      const name of [
        "Authorization",
        "cookie",
        "Set-Cookie",
        "DPoP",
        "X-Api-Key",
        "X-Auth-Token",
        "proxy-authorization"
      ]
    ) {
      assert.notInclude(redaction.header(name, "Bearer c4n4ry"), "c4n4ry")
    }
    assert.strictEqual(redaction.header("authorization", "Bearer c4n4ry"), "Bearer <redacted>")
    assert.strictEqual(redaction.header("content-type", "text/plain"), "text/plain")
    const secret = FastCheck.stringMatching(/^[a-zA-Z0-9+/=%&]{8,30}$/)
    check(property(secret, secret, (client, assertion) => {
      const pairs = {
        grant_type: "client_credentials",
        client_id: "id",
        client_secret: client,
        client_assertion: assertion,
        new: client
      }
      for (const body of [new URLSearchParams(pairs).toString(), JSON.stringify(pairs)]) {
        const shown = redaction.credentials(body)
        assert.notInclude(shown, client)
        assert.notInclude(shown, assertion)
        assert.include(shown, "grant_type=client_credentials&client_id=id&client_secret=<redacted>")
      }
    }))
  })

  it("is left in a URL, by the name of its parameter, however it is written", () => {
    const names = [
      "access_token",
      "token",
      "apiKey",
      "X-Amz-Signature",
      "sig",
      "code",
      "state",
      "client_assertion",
      "a[key]"
    ]
    for (const name of [...names, "PASSWORD", "client%5fsecret", "%74oken"]) {
      for (
        const start of [
          "https://h/x?",
          "/x?a=1&",
          "/x#",
          "/x?a=1;",
          "?to=https://h/?",
          "?to=https%3A%2F%2Fh%2F%3Fb%3D1%26"
        ]
      ) {
        for (const value of ["c4n4ry", "a;c4n4ry", "a c4n4ry", "%63c4n4ry", "="]) {
          const shown = redaction.url(`${start}${name}=${value}`)
          assert.notInclude(shown, "c4n4ry")
          assert.include(shown, "<redacted>")
        }
      }
      assert.notInclude(redaction.header("Location", `https://u:c4n4ry@h/x?${name}=c4n4ry`), "c4n4ry")
      assert.notInclude(redaction.header("link", `<https://h/x?${name}=c4n4ry>; rel="next"`), "c4n4ry")
    }
    assert.strictEqual(
      redaction.url("https://h/x?a=1&access_token=b&c=%20"),
      "https://h/x?a=1&access_token=<redacted>&c=%20"
    )
    for (
      const open of [
        "https://h/x?status=open&page_token=a&nextPageToken=b&country_code=c",
        "/token=1",
        "/x?q=a%3Db",
        "/x?token="
      ]
    ) {
      assert.strictEqual(redaction.url(open).replace(/<redacted>$/, ""), open)
    }
  })

  it("does not steer a terminal", () => {
    check(property(FastCheck.string({ unit: "binary" }), (text) => {
      assert.notMatch(ansi.harmless(text), /[\x00-\x08\x0b-\x1f\x7f-\x9f]/)
    }))
  })
})

describe("an error", () => {
  it("that is not known shows nothing of itself", () => {
    for (const error of [new Error("c4n4ry"), "c4n4ry", { _tag: "ParseError", message: "c4n4ry" }, undefined]) {
      const { message, outcome } = explain(error)
      assert.strictEqual(outcome, "unexpected")
      assert.notInclude(message, "c4n4ry")
    }
    assert.deepStrictEqual(explain(new Failure({ outcome: "usage", message: "A.", remedy: "B." })), {
      outcome: "usage",
      message: "A. B."
    })
  })
})

describe("a JWT", () => {
  it("is read, or it is none", () => {
    check(property(FastCheck.string(), (text) => {
      assert.doesNotThrow(() => jwt.read(text))
    }))
    const part = (value: object) => Buffer.from(JSON.stringify(value)).toString("base64url")
    const found = jwt.read(`${part({ alg: "RS256" })}.${part({ aud: ["a", "b"], scope: "c d" })}.x`)
    assert.deepStrictEqual(found && [jwt.audience(found), jwt.scope(found)], [["a", "b"], ["c", "d"]])
    const marked = Buffer.from("\ufeff{\"alg\":\"RS256\"}").toString("base64url")
    assert.isDefined(jwt.read(`${marked}.${part({})}.x`))
    assert.isUndefined(jwt.read("opaque"))
  })
})
