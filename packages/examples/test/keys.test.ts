import { spawnSync } from "node:child_process"
import { createPublicKey, generateKeyPairSync, sign, verify } from "node:crypto"
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"

import { assert, it } from "@effect/vitest"
import type { Signer } from "@effect-oauth/client-credentials"
import { Effect } from "effect"

import { kmsSigner } from "../src/guides/keys/kms.js"
import { pkcs11Signer } from "../src/guides/keys/pkcs11.js"

const module = "/usr/lib/softhsm/libsofthsm2.so"
const isInstalled = existsSync(module) && spawnSync("pkcs11-tool", ["--help"]).error === undefined
if (!isInstalled) console.log("No softhsm2 and opensc on this machine: the test of the PKCS #11 signer is skipped.")

/** Verifies that a signer's signatures match its public key. */
const verified = (signer: Signer.Signer) =>
  Effect.gen(function*() {
    assert.deepStrictEqual(signer.problems, [])
    const data = new TextEncoder().encode("a message")
    const key = createPublicKey({ key: { ...signer.publicKey }, format: "jwk" })
    assert.isTrue(verify("sha256", data, { key, dsaEncoding: "ieee-p1363" }, yield* signer.sign(data)))
  })

it.live("the signer of AWS KMS signs digests, and converts signatures from DER", () =>
  Effect.gen(function*() {
    const { privateKey, publicKey } = generateKeyPairSync("ec", { namedCurve: "P-256" })
    const asked: Array<object> = []
    const kms: Parameters<typeof kmsSigner>[0] = {
      getPublicKey: () =>
        Promise.resolve({ PublicKey: new Uint8Array(publicKey.export({ type: "spki", format: "der" })) }),
      // The service signs a digest; the test has the message.
      sign: ({ Message, ...others }) => {
        asked.push({ ...others, length: Message.length })
        return Promise.resolve({ Signature: new Uint8Array(sign("sha256", Buffer.from("a message"), privateKey)) })
      }
    }
    yield* verified(yield* kmsSigner(kms, "alias/key"))
    assert.deepStrictEqual(asked, [
      { KeyId: "alias/key", MessageType: "DIGEST", SigningAlgorithm: "ECDSA_SHA_256", length: 32 }
    ])
  }))

it.skipIf(!isInstalled)("the signer of PKCS #11 signs with a key of SoftHSM", () => {
  const directory = mkdtempSync(join(tmpdir(), "softhsm-"))
  const before = { ...process.env }
  mkdirSync(join(directory, "tokens"))
  writeFileSync(join(directory, "softhsm2.conf"), `directories.tokendir = ${join(directory, "tokens")}\n`)
  Object.assign(process.env, { SOFTHSM2_CONF: join(directory, "softhsm2.conf"), PKCS11_PIN: "1234" })
  spawnSync("softhsm2-util", ["--init-token", "--free", "--label", "t", "--pin", "1234", "--so-pin", "5678"])
  const token = ["--module", module, "--token-label", "t", "--login", "--pin", "1234"]
  spawnSync("pkcs11-tool", [...token, "--keypairgen", "--key-type", "EC:prime256v1", "--id", "01"])
  return Effect.runPromise(Effect.flatMap(pkcs11Signer({ module, tokenLabel: "t", id: "01" }), verified)).finally(
    () => {
      for (const name of ["SOFTHSM2_CONF", "PKCS11_PIN"]) {
        if (before[name] === undefined) Reflect.deleteProperty(process.env, name)
        else process.env[name] = before[name]
      }
      rmSync(directory, { recursive: true })
    }
  )
})
