/**
 * Reads PEM (RFC 7468), ignoring content around the blocks.
 */
import { base64 } from "./bytes.js"

export interface Block {
  readonly label: string
  readonly body: string
}

/** Returns the blocks of a PEM string, without the content around them (RFC 7468 section 2); undefined if one has no end. */
export const blocksOf = (text: string): ReadonlyArray<Block> | undefined => {
  // Replace escaped line breaks: base64 has no backslash, so an escape cannot mean anything else.
  const lines = text.replace(/\\[rn]/g, "\n")
  // In turn: content between, BEGIN or END, a label.
  const parts = lines.split(/-----(BEGIN|END) ([A-Z0-9 ]+)-----/)
  const blocks: Array<Block> = []
  for (let index = 1; index + 2 < parts.length; index += 3) {
    const [mark, label = "", body = "", next, other] = parts.slice(index, index + 5)
    if (mark !== "BEGIN") continue
    if (next !== "END" || other !== label) return undefined
    blocks.push({ label, body })
  }
  return blocks
}

/** Returns the bytes of a block, without its headers (RFC 1421 section 4.6). */
export const bytesOf = ({ body }: Block): Uint8Array | undefined =>
  base64.decode(body.replace(/^[\w-]+:.*/gm, "").replace(/[\s\\]/g, ""))
