/**
 * The arguments in one form.
 */
import { assert, describe, it } from "@effect/vitest"
import { Either } from "effect"

import { grammar } from "../src/internal/Cli.js"
import * as commandLine from "../src/internal/commandLine.js"

const read = (line: string) =>
  Either.merge(Either.map(commandLine.read(line.split(" "), grammar), (to) => to.join(" ")))

describe("options", () => {
  it("may stand anywhere before --, and their values may begin with a dash", () => {
    const same = "call --profile staging --form -- POST /items a=1"
    for (
      const line of [
        "call --profile staging --form POST /items a=1",
        "call POST --profile=staging /items -f a=1",
        "--profile staging call POST /items a=1 --form",
        "--profile=staging call --form -- POST /items a=1",
        "call --profile staging --profile staging -f --form POST /items a=1"
      ]
    ) assert.strictEqual(read(line), same, line)
    assert.strictEqual(read("call --raw -5 /items"), "call --raw -5 -- /items")
    assert.strictEqual(read("call --raw=--form /items"), "call --raw --form -- /items")
    assert.strictEqual(read("call --raw= /items"), "call --raw  -- /items")
    assert.strictEqual(read("call /items --log-level debug"), "--log-level debug call -- /items")
    assert.strictEqual(read("--quiet=false token"), "token --quiet false")
    assert.strictEqual(read("call /items -- --form -- -x"), "call -- /items --form -- -x")
  })

  it("of one letter may stand together, the last with its value", () => {
    for (const line of ["call -bI -p HB /x", "call -bIpHB /x", "call /x -bIp=HB"]) {
      assert.strictEqual(read(line), "call --body --ignore-stdin --print HB -- /x", line)
    }
  })

  it("that there are none of are errors, which name the nearest one and no value", () => {
    assert.strictEqual(read("token --profil=s3cret"), "Unknown option --profil. Did you mean --profile?")
    assert.strictEqual(read("token --Json"), "Unknown option --Json. Did you mean --json?")
    assert.strictEqual(read("token --client-secret=s3cret"), "Unknown option --client-secret.")
    assert.match(read("call /x -zs3cret"), /^Unknown option -z\. .*Write -- before/)
    assert.match(read("call /x -fz=s3cret"), /^Unknown option -z\./)
    assert.match(read("call /x ---x"), /^Unknown option ---x\./)
  })

  it("are not taken for the value of another, and are not given twice", () => {
    for (const line of ["call /x --raw", "call /x --raw --form", "token --profile -- x", "call /x -p"]) {
      assert.match(read(line), /needs a value\.$/, line)
    }
    assert.match(read("token --profile a --profile b"), /^--profile is given twice/)
    assert.match(read("token --json=maybe"), /^--json does not take a value\.$/)
  })

  it("are known for every command, with their values", () => {
    assert.deepStrictEqual([...grammar.keys()].sort(), [
      "budget",
      "call",
      "doctor",
      "init",
      "inspect",
      "revoke",
      "sandbox",
      "simulate",
      "status",
      "token"
    ])
    for (const [name, { options, takesArguments }] of grammar) {
      assert.strictEqual(takesArguments, name === "call", name)
      assert.isTrue(options.get("--profile")?.takesValue, name)
      assert.isFalse(options.get("--quiet")?.takesValue, name)
    }
  })
})

describe("help", () => {
  it("is shown for the command, whatever else is written, unless that is wrong", () => {
    assert.strictEqual(read("call POST /items --help"), "call --help")
    assert.strictEqual(read("--help"), "--help")
    assert.strictEqual(read("--completions bash"), "--completions bash")
    assert.strictEqual(read("call /items -- --help"), "call -- /items --help")
  })
})
