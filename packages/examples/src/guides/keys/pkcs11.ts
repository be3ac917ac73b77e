import { execFile } from "node:child_process"

import { Signer } from "@effect-oauth/client-credentials"
import { Effect } from "effect"

interface Options {
  /** The library of the module, such as `/usr/lib/softhsm/libsofthsm2.so`. */
  readonly module: string
  readonly tokenLabel: string
  /** The id of the key on P-256, in hexadecimal. */
  readonly id: string
}

/** Signs with OpenSC's `pkcs11-tool`, which reads the PIN from the variable PKCS11_PIN. */
const pkcs11Tool = (
  { id, module, tokenLabel }: Options,
  args: ReadonlyArray<string>,
  input: Uint8Array = new Uint8Array()
) =>
  Effect.tryPromise(() =>
    new Promise<Uint8Array>((resolve, reject) => {
      const token = ["--module", module, "--token-label", tokenLabel, "--login", "--pin", "env:PKCS11_PIN"]
      const child = execFile(
        "pkcs11-tool",
        [...token, "--id", id, ...args],
        { encoding: "buffer" },
        (error, output) => error === null ? resolve(new Uint8Array(output)) : reject(error)
      )
      child.stdin?.end(input)
    })
  )

export const pkcs11Signer = (options: Options) =>
  Effect.map(
    pkcs11Tool(options, ["--read-object", "--type", "pubkey"]),
    (publicKey) =>
      Signer.make({
        algorithm: "ES256",
        keyId: options.id,
        publicKey,
        signDigest: (digest) => pkcs11Tool(options, ["--sign", "--mechanism", "ECDSA"], digest)
      })
  )
