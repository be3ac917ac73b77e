/**
 * PEM (RFC 7468), with whatever stands around it.
 */
import { base64 } from "./bytes.js"

export interface Block {
  readonly label: string
  readonly body: string
}

/** The blocks of a PEM text, without what stands around them (RFC 7468 section 2); undefined when one has no end. */
export const blocksOf = (text: string): ReadonlyArray<Block> | undefined => {
  // Where a line break was written out: base64 has no backslash, so that it can mean nothing else.
  const lines = text.replace(/\\[rn]/g, "\n")
  // In turn: what stands between, BEGIN or END, a label.
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

/** The bytes of a block, whose headers (RFC 1421 section 4.6) are passed over. */
export const bytesOf = ({ body }: Block): Uint8Array | undefined =>
  base64.decode(body.replace(/^[\w-]+:.*/gm, "").replace(/[\s\\]/g, ""))
