/**
 * A token of SoftHSM in a temporary directory, with keys that sign by OpenSC's `pkcs11-tool`.
 */
import { spawn, spawnSync } from "node:child_process"
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"

import { Data, Effect } from "effect"

/** The paths of the library on Debian and other systems. */
const library = [
  "/usr/lib/softhsm/libsofthsm2.so",
  "/usr/lib64/pkcs11/libsofthsm2.so",
  "/usr/local/lib/softhsm/libsofthsm2.so",
  "/opt/homebrew/lib/softhsm/libsofthsm2.so"
].find((path) => existsSync(path))

export const isInstalled = library !== undefined && spawnSync("softhsm2-util", ["--version"]).status === 0 &&
  // Without arguments it prints its options.
  spawnSync("pkcs11-tool", ["--help"]).error === undefined

if (!isInstalled) console.log("No softhsm2 and opensc on this machine: the tests of SoftHSM are skipped.")

class ToolFailed extends Data.TaggedError("ToolFailed")<{ readonly program: string; readonly output: string }> {}

export const start = Effect.gen(function*() {
  const directory = yield* Effect.acquireRelease(
    Effect.sync(() => mkdtempSync(join(tmpdir(), "softhsm-"))),
    (path) => Effect.sync(() => rmSync(path, { recursive: true }))
  )
  const at = (name: string) => join(directory, name)
  yield* Effect.sync(() => {
    mkdirSync(at("tokens"))
    writeFileSync(at("softhsm2.conf"), `directories.tokendir = ${at("tokens")}\nlog.level = ERROR\n`)
  })

  const run = (program: string, args: ReadonlyArray<string>) =>
    Effect.async<void, ToolFailed>((resume) => {
      const child = spawn(program, args, { env: { ...process.env, SOFTHSM2_CONF: at("softhsm2.conf") } })
      let output = ""
      for (const stream of [child.stdout, child.stderr]) stream.on("data", (chunk: Buffer) => (output += String(chunk)))
      child.once("error", () => resume(new ToolFailed({ program, output })))
      child.once("close", (code) => resume(code === 0 ? Effect.void : new ToolFailed({ program, output })))
    })
  const pkcs11 = (...args: ReadonlyArray<string>) =>
    run("pkcs11-tool", ["--module", library ?? "", "--token-label", "test", "--login", "--pin", "1234", ...args])

  yield* run("softhsm2-util", ["--init-token", "--free", "--label", "test", "--pin", "1234", "--so-pin", "5678"])

  const state = { signatures: 0 }
  return {
    state,
    /** Creates a key, `EC:prime256v1` or `rsa:2048`. Returns its public key in DER. */
    generate: (id: string, type: string) =>
      Effect.gen(function*() {
        yield* pkcs11("--keypairgen", "--key-type", type, "--id", id)
        yield* pkcs11("--read-object", "--type", "pubkey", "--id", id, "--output-file", at(`${id}.der`))
        return yield* Effect.sync(() => new Uint8Array(readFileSync(at(`${id}.der`))))
      }),
    /** Signs with a key, with further arguments such as the mechanism. */
    sign: (id: string, ...args: ReadonlyArray<string>) => (data: Uint8Array) =>
      Effect.gen(function*() {
        const name = `${id}-${++state.signatures}`
        yield* Effect.sync(() => writeFileSync(at(`${name}.in`), data))
        yield* pkcs11(
          "--sign",
          "--id",
          id,
          ...args,
          "--input-file",
          at(`${name}.in`),
          "--output-file",
          at(`${name}.out`)
        )
        return yield* Effect.sync(() => new Uint8Array(readFileSync(at(`${name}.out`))))
      })
  }
})
