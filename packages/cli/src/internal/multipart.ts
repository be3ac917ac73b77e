/**
 * `multipart/form-data` (RFC 7578), byte for byte as HTTPie writes it.
 */

export type Part =
  | { readonly _tag: "Field"; readonly name: string; readonly value: string }
  | {
    readonly _tag: "File"
    readonly name: string
    readonly fileName: string
    readonly type: string | undefined
    readonly content: Uint8Array
  }

const quoted = (text: string): string =>
  `"${text.replaceAll("\"", "%22").replaceAll("\r", "%0D").replaceAll("\n", "%0A")}"`

export const encode = (boundary: string, parts: ReadonlyArray<Part>): Uint8Array => {
  const chunks = parts.flatMap((part) => {
    const head = `--${boundary}\r\nContent-Disposition: form-data; name=${quoted(part.name)}`
    return part._tag === "Field"
      ? [Buffer.from(`${head}\r\n\r\n${part.value}\r\n`)]
      : [
        Buffer.from(
          `${head}; filename=${quoted(part.fileName)}${
            part.type === undefined ? "" : `\r\nContent-Type: ${part.type}`
          }\r\n\r\n`
        ),
        part.content,
        Buffer.from("\r\n")
      ]
  })
  return Buffer.concat([...chunks, Buffer.from(`--${boundary}--\r\n`)])
}
