import { execFile } from "node:child_process"
import { promisify } from "node:util"

/** Creates a key and a self-signed certificate. */
export const certificate = async (): Promise<{ readonly key: string; readonly cert: string }> => {
  const { stdout } = await promisify(execFile)("openssl", [
    ...["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "1"],
    ...["-subj", "/CN=127.0.0.1", "-addext", "subjectAltName=IP:127.0.0.1", "-keyout", "-", "-out", "-"]
  ])
  const at = stdout.indexOf("-----BEGIN CERTIFICATE")
  return { key: stdout.slice(0, at), cert: stdout.slice(at) }
}
