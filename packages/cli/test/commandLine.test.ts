/**
 * Arguments, help and completions, all by the table of commands.
 */
import { assert, describe, it } from "@effect/vitest"

import * as commandLine from "../src/internal/commandLine.js"
import { commands } from "../src/internal/commandTable.js"
import * as completion from "../src/internal/completion.js"
import { written } from "../src/internal/declaration.js"
import { helpText } from "../src/internal/helpText.js"
import { nearest } from "../src/internal/nearest.js"
import { width } from "../src/internal/wrap.js"

/** The problem, or what is requested: the options that differ from those of the command alone, and the arguments. */
const read = (line: string): unknown => {
  const request = commandLine.read(line.split(" "))
  if (request._tag === "Problem") return request.message
  if (request._tag !== "Run") return request
  const { args, ...values } = request.values
  const given = Object.entries(values).filter(([key, value]) => {
    const option = request.command.options[key]
    return value !== (option === undefined || option.type === "flag" ? false : option.default)
  })
  return { ...Object.fromEntries(given), args }
}

describe("options", () => {
  it("are accepted anywhere before --, before the command too", () => {
    const same = { profile: "staging", form: true, args: ["POST", "/items", "a=1"] }
    for (
      const line of [
        "call --profile staging --form POST /items a=1",
        "call POST --profile=staging /items -f a=1",
        "--profile staging call POST /items a=1 --form",
        "--profile=staging call --form -- POST /items a=1",
        "call --profile staging --profile staging -f --form POST /items a=1"
      ]
    ) assert.deepStrictEqual(read(line), same, line)
    assert.deepStrictEqual(read("call --raw=--form /items"), { raw: "--form", args: ["/items"] })
    assert.deepStrictEqual(read("call --raw= /items"), { raw: "", args: ["/items"] })
    assert.deepStrictEqual(read("call /items -o -"), { output: "-", args: ["/items"] })
    assert.deepStrictEqual(read("call /items -- --form -- -x"), { args: ["/items", "--form", "--", "-x"] })
  })

  it("of one letter are combined, the last with its value", () => {
    for (const line of ["call -bI -p HB /x", "call -bIpHB /x", "call /x -bIp=HB"]) {
      assert.deepStrictEqual(read(line), { body: true, ignoreStdin: true, print: "HB", args: ["/x"] }, line)
    }
  })

  it("that are not declared are errors for every command, which name the nearest one and no value", () => {
    assert.strictEqual(read("token --profil=s3cret"), "Unknown option --profil. Did you mean --profile?")
    assert.strictEqual(read("token --Json"), "Unknown option --Json. Did you mean --json?")
    const ofSecrets = ["--secret-file", "--secret-command", "--secret-prompt"].join(", ")
    for (const option of ["--client-secret", "--secret"]) {
      assert.strictEqual(
        read(`token ${option}=s3cret`),
        `Unknown option ${option}. effect-oauth init has ${ofSecrets} and --secret-stdin.`
      )
      assert.strictEqual(
        read(`init ${option} s3cret`),
        `Unknown option ${option}. Did you mean ${ofSecrets} or --secret-stdin?`
      )
    }
    assert.strictEqual(read("token --follow"), "Unknown option --follow. effect-oauth call has --follow.")
    assert.strictEqual(read("token --wizard"), "Unknown option --wizard.")
    assert.match(String(read("call /x -zs3cret")), /^Unknown option -z\. .*Write -- before/)
    assert.match(String(read("call /x -fz=s3cret")), /^Unknown option -z\./)
    assert.match(String(read("call /x ---x")), /^Unknown option ---x\./)
    assert.match(
      String(read("call DELETE /orders/1 --Profile staging")),
      /^Unknown option --Profile\. Did you mean --profile/
    )
    for (const [name, { options }] of commands) {
      for (const key of Object.keys(options)) {
        const right = `--${written(key)}`
        for (const wrong of [right.toUpperCase(), `${right}x`, right.replace(/..$/, (end) => `${end[1]}${end[0]}`)]) {
          if (wrong === right) continue
          const message = String(read(`${name} ${wrong}`))
          assert.isTrue(message.startsWith(`Unknown option ${wrong.slice(0, 40)}. Did you mean ${right}?`), message)
        }
      }
    }
  })

  it("behind one dash are not short options with a value", () => {
    for (const [name, { options }] of commands) {
      for (const key of Object.keys(options)) {
        const right = written(key)
        for (const wrong of [right, `${right}=x`, `${right}x`, right.slice(0, -1)]) {
          if (wrong.length < 4) continue
          assert.match(
            String(read(`${name} -${wrong}`)),
            /^Unknown option -[\w-]+\. Did you mean --/,
            `${name} -${wrong}`
          )
        }
      }
    }
    assert.strictEqual(read("call DELETE /orders/1 -offline"), "Unknown option -offline. Did you mean --offline?")
    // Short options together, and their values, as in HTTPie.
    for (const line of ["call /x -pHBhb", "call /x -p=HB", "call /x -vf", "call /x -oout.txt", "call /x -fo file"]) {
      assert.isObject(read(line), line)
    }
  })

  it("with another dash or a blank before them are not request data; neither is an empty argument", () => {
    for (const dash of ["\u2014", "\u2013", "\u2212\u2212", "\u2010-", " --", "\t--", "\u00a0-"]) {
      const problem = commandLine.read(["call", "DELETE", "/orders/1", `${dash}profile=staging`])
      assert.strictEqual(problem._tag, "Problem")
      assert.include("message" in problem ? problem.message : "", "Did you mean --profile?", dash)
      assert.strictEqual(commandLine.read(["call", "POST", "/x", "--", `${dash}profile=staging`])._tag, "Run")
    }
    for (const args of [["call", "DELETE", ""], ["call", "GET", "/x", ""]]) {
      assert.strictEqual(commandLine.read(args)._tag, "Problem")
    }
    assert.strictEqual(commandLine.read(["call", "POST", "/x", "a=\u2014", "b= -"])._tag, "Run")
  })

  it("are named before the command that their value is taken for", () => {
    assert.strictEqual(read("--profil staging call /items"), "Unknown option --profil. Did you mean --profile?")
  })

  it("are not taken for the value of another, and are not given twice", () => {
    for (
      const line of ["call /x --raw", "call /x --raw --form", "call /x --raw -5", "token --profile -- x", "call /x -p"]
    ) {
      assert.match(String(read(line)), /needs a value\. Write --[a-z]+=VALUE/, line)
    }
    assert.match(String(read("token --profile a --profile b")), /^--profile is given twice/)
    assert.match(String(read("token --json=maybe")), /^--json does not take a value\.$/)
    assert.match(String(read("simulate --audiences many")), /^--audiences must be an integer\.$/)
    assert.match(String(read("simulate --restarts 1e3")), /^--restarts must be a number/)
    assert.match(String(read("call /x --pretty formt")), /^--pretty must be one of .* Did you mean format\?$/)
  })

  it("that name an option in place of a command are that option", () => {
    for (
      const [written, option] of [
        ["help", "--help"],
        ["--quiet help", "--help --quiet"],
        ["help call", "call --help"],
        ["help nonsense", "nonsense --help"],
        ["version", "--version"],
        ["completions zsh", "--completions zsh"],
        ["completions", "--completions"],
        ["completions powershell", "--completions powershell"]
      ] as const
    ) assert.deepStrictEqual(read(written), read(option), written)
    assert.deepStrictEqual(read("help call"), { _tag: "Help", command: "call" })
    assert.deepStrictEqual(read("call help"), { args: ["help"] })
  })

  it("that swap letters of a name are near to it", () => {
    const methods = ["GET", "PUT", "POST", "PATCH", "DELETE", "HEAD"]
    for (const method of methods) {
      for (let at = 1; at < method.length; at += 1) {
        const swapped = method.slice(0, at - 1) + method.charAt(at) + method.charAt(at - 1) + method.slice(at + 1)
        assert.strictEqual(nearest(swapped, methods), method, swapped)
      }
    }
    for (const other of ["PURGE", "LINK", "MKCOL"]) assert.isUndefined(nearest(other, methods), other)
  })

  it("belong to a command that exists; the nearest is named, and arguments that none takes are rejected", () => {
    assert.strictEqual(read("Token"), "Unknown command \"Token\". Did you mean token?")
    assert.strictEqual(read("dcotor"), "Unknown command \"dcotor\". Did you mean doctor?")
    assert.strictEqual(read("nonsense"), "Unknown command \"nonsense\".")
    assert.strictEqual(read("hlep"), "Unknown command \"hlep\". Did you mean help?")
    assert.strictEqual(read("completion bash"), "Unknown command \"completion\". Did you mean completions?")
    assert.strictEqual(read("--quiet"), "A command is missing.")
    assert.match(String(read("token GET")), /takes options only, and no "GET"/)
  })
})

describe("help", () => {
  it("is shown for the command, whatever else is written, unless that is wrong", () => {
    assert.deepStrictEqual(read("call POST /items --help"), { _tag: "Help", command: "call" })
    assert.deepStrictEqual(read("--help"), { _tag: "Help", command: undefined })
    assert.deepStrictEqual(read("--completions bash"), { _tag: "Completions", shell: "bash" })
    assert.deepStrictEqual(read("call /items -- --help"), { args: ["/items", "--help"] })
    assert.match(String(read("token --help --nonsense")), /^Unknown option/)
  })

  it("names every option and fits 80 columns", () => {
    for (const name of [undefined, ...commands.keys()]) {
      const text = helpText(name, 80)
      for (const key of Object.keys(commandLine.optionsOf(name))) assert.include(text, `--${written(key)}`)
      for (const line of text.split("\n")) assert.isAtMost(width(line), 80, line)
    }
    for (const name of commands.keys()) assert.include(helpText(undefined, 80), `  ${name} `)
  })
})

describe("completions", () => {
  const complete = (line: string) => completion.complete(line.split(" "), () => ["default", "staging"])
  const words = (line: string) => complete(line).candidates.map(({ word }) => word)

  it("are those of commands, options, choices and profiles", () => {
    assert.deepStrictEqual(words(""), [...commands.keys()])
    assert.deepStrictEqual(words("s"), [...commands.keys()].filter((name) => name.startsWith("s")))
    for (const [name, { options }] of commands) {
      assert.includeMembers(words(`${name} -`), Object.keys(options).map((key) => `--${written(key)}`), name)
      assert.deepStrictEqual(words(`${name} --profile `), ["default", "staging"], name)
      assert.deepStrictEqual(words(`${name} --profile=s`), ["--profile=staging"], name)
    }
    assert.deepStrictEqual(words("--profile "), ["default", "staging"])
    assert.include(words("--profile staging "), "call")
    assert.deepStrictEqual(words("call --pretty f"), ["format"])
    assert.deepStrictEqual(words("--completions "), ["bash", "zsh", "fish"])
    assert.deepStrictEqual(words("call -- --pr"), [])
  })

  it("are files for options that name one, and behind the @ of a request item", () => {
    assert.deepStrictEqual(complete("call -o fi").files, { prefix: "" })
    assert.deepStrictEqual(complete("init --ca-file=ca").files, { prefix: "--ca-file=" })
    assert.deepStrictEqual(complete("call /x @fi").files, { prefix: "@" })
    assert.deepStrictEqual(complete("call /x key:=@fi").files, { prefix: "key:=@" })
    assert.isUndefined(complete("call /x").files)
    assert.isUndefined(complete("token --exec x").files)
  })
})
