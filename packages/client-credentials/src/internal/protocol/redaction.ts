/**
 * Redacts strings from a server: a string that repeats a secret in any spelling is left out as a whole.
 *
 * Both sides are compared in canonical form. A string is decoded until nothing changes any more (HTML entities, percent
 * and JSON escapes, lists of bytes, each possibly several times), base64 and hex in it are decoded at every alignment, and the
 * results are compared ignoring case, whitespace and, a second time, punctuation. Six consecutive characters of a secret
 * count as the secret, unless they are part of an ordinary word of such messages. The work is linear in the length of the
 * string.
 */

import { hex } from "./bytes.js"

/** Number of consecutive common characters that count as a repeated secret. */
const partLength = 6

/** Maximum number of rounds. Each undoes one encoding of each kind. Servers encode twice; more do not occur by accident. */
const maxRounds = 6

/** Maximum length of a string. A longer one cannot be searched in a reasonable time, and counts as repeating a secret. */
const maxLength = 16_384

/** Returns the length of the prefix that is searched when `length` characters are shown: a character may be two code units. */
const windowOf = (length: number): number => 4 * length + 512

/** Placeholder for a string that repeats a secret. */
export const placeholder = "<redacted>"

/**
 * Words of error messages and of common names of secrets. A message that has such a word in common with a secret does not
 * disclose the secret.
 */
const ordinaryWords = [
  "secret client secrets clients client_secret client_id client-secret client-id clientsecret clientid token tokens",
  "access access_token access-token accesstoken bearer basic password passwords credential credentials invalid expired",
  "production development staging sandbox testing integration service services server servers account accounts",
  "authorization authorisation authenticate authentication authenticated authorize authorized unauthorized oauth default",
  "example internal external public private application platform system request response missing unknown inactive",
  "disabled current previous legacy assertion certificate provided supported configured registered permission",
  "-----BEGIN -----END PRIVATE PUBLIC"
].join(" ").split(" ")

/** Named HTML entities. Whitespace, and `+` beside it, make no difference. */
const named: Readonly<Record<string, string>> = {
  amp: "&",
  lt: "<",
  gt: ">",
  quot: "\"",
  apos: "'",
  nbsp: "",
  tab: "",
  newline: "",
  excl: "!",
  num: "#",
  dollar: "$",
  percnt: "%",
  lpar: "(",
  rpar: ")",
  ast: "*",
  midast: "*",
  plus: "",
  comma: ",",
  hyphen: "-",
  dash: "-",
  period: ".",
  sol: "/",
  colon: ":",
  semi: ";",
  equals: "=",
  quest: "?",
  commat: "@",
  lsqb: "[",
  lbrack: "[",
  bsol: "\\",
  rsqb: "]",
  rbrack: "]",
  hat: "^",
  lowbar: "_",
  underbar: "_",
  grave: "`",
  diacriticalgrave: "`",
  lcub: "{",
  lbrace: "{",
  verbar: "|",
  vert: "|",
  verticalline: "|",
  rcub: "}",
  rbrace: "}",
  tilde: "~"
}

/** HTML names of the letters of ISO 8859-1, in order from U+00A1. */
const latinNames =
  ("iexcl cent pound curren yen brvbar sect uml copy ordf laquo not shy reg macr deg plusmn sup2 sup3 " +
    "acute micro para middot cedil sup1 ordm raquo frac14 frac12 frac34 iquest Agrave Aacute Acirc Atilde Auml Aring AElig " +
    "Ccedil Egrave Eacute Ecirc Euml Igrave Iacute Icirc Iuml ETH Ntilde Ograve Oacute Ocirc Otilde Ouml times Oslash " +
    "Ugrave Uacute Ucirc Uuml Yacute THORN szlig agrave aacute acirc atilde auml aring aelig ccedil egrave eacute ecirc " +
    "euml igrave iacute icirc iuml eth ntilde ograve oacute ocirc otilde ouml divide oslash ugrave uacute ucirc uuml yacute " +
    "thorn yuml").split(" ")

const character = (code: number): string => code <= 0x10ffff ? String.fromCodePoint(code) : ""

const entity = (whole: string, reference: string): string => {
  if (reference.startsWith("#")) return character(Number(`0${reference.slice(1)}`))
  const name = reference.toLowerCase()
  const latin = latinNames.indexOf(reference)
  return latin >= 0 ? character(0xa1 + latin) : Object.hasOwn(named, name) ? named[name] ?? whole : whole
}

const strictUtf8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true })

const latin1 = (bytes: Uint8Array): string => Array.from(bytes, (byte) => String.fromCharCode(byte)).join("")

/** Decodes bytes. A valid UTF-8 part must be found even if the bytes around it are invalid. */
const textsOf = (bytes: Uint8Array): readonly [string, ...ReadonlyArray<string>] => {
  try {
    return [strictUtf8.decode(bytes)]
  } catch {
    return [latin1(bytes), new TextDecoder().decode(bytes)]
  }
}

const textOf = (bytes: Uint8Array): string => textsOf(bytes)[0]

/** Decodes an escape of a string literal, given without its backslash. */
const escaped = (_: string, code: string): string =>
  code.length > 1
    ? character(parseInt(code.replace(/[ux{}]/g, ""), 16))
    : /[bfnrt]/.test(code)
    ? " "
    : code

/** Decoders, one for each encoding. */
const decoders: ReadonlyArray<(text: string) => string> = [
  (text) => text.replace(/&(#0{0,8}\d{1,7}|#[xX]0{0,8}[0-9a-fA-F]{1,6}|[A-Za-z][A-Za-z0-9]{1,20});?/g, entity),
  (text) =>
    text
      .replace(/(?:%[0-9a-fA-F]{2})+/g, (run) => textOf(hex.decode(run.replaceAll("%", ""))))
      .replace(/%u([0-9a-fA-F]{4})/g, (_, hex: string) => String.fromCharCode(parseInt(hex, 16))),
  (text) => text.replace(/\\(u\{0{0,8}[0-9a-fA-F]{1,6}\}|u[0-9a-fA-F]{4}|x[0-9a-fA-F]{2}|[bfnrt"'\\/])/g, escaped),
  (text) =>
    text.replace(
      /(?<!\\)(?:\\[0-3][0-7]{2})+/g,
      (run) => textOf(Uint8Array.from(run.slice(1).split("\\"), (digits) => parseInt(digits, 8)))
    ),
  // Arrays of bytes as languages print them: `{"type":"Buffer","data":[115,51]}`, `[115 51]`, negative ones in Java.
  (text) =>
    text.replace(
      /(?:-?\d{1,3}[\s,;+]{1,4}){5,}-?\d{1,3}/g,
      (run) => textOf(Uint8Array.from(run.split(/[\s,;+]+/), Number))
    )
]

/** Returns whether a string may be encoded. */
const isEncoded = (text: string): boolean => /[&%\\]|\d[\s,;+]{1,4}-?\d/.test(text)

/** Returns the string and each stage of its decoding. */
const stages = (text: string): ReadonlyArray<string> => {
  const found = new Set([text])
  let last = text
  for (let round = 0; round < maxRounds && isEncoded(last); round += 1) {
    const before = last
    for (const decode of decoders) {
      last = decode(last)
      found.add(last)
    }
    if (last === before) break
  }
  return [...found]
}

/** Normalizes case, composition, invisible characters and whitespace, including `+` of forms. */
const spaced = (text: string): string => text.normalize("NFKC").toLowerCase().replace(/[\s\p{C}+]+/gu, " ")

/** Also removes whitespace, so that line breaks make no difference. */
const folded = (text: string): string => spaced(text).replaceAll(" ", "")

/** Keeps letters and digits only, so that quotes, separators and the two alphabets of base64 make no difference. */
const lettersOf = (text: string): string => text.replace(/[^\p{L}\p{N}]/gu, "")

const base64Value = new Map(
  [..."ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/", ..."-_"].map((digit, at) => [
    digit,
    at < 64 ? at : at - 2
  ])
)

/** Decodes base64 of either alphabet whose first digit is at `offset` of a group of four. */
const fromBase64 = (digits: string, offset: number): Uint8Array => {
  const bytes: Array<number> = []
  let [bits, count] = [0, 0]
  for (const digit of digits.slice(offset)) {
    bits = ((bits << 6) | (base64Value.get(digit) ?? 0)) & 0xffff
    count += 6
    if (count >= 8) {
      count -= 8
      bytes.push((bits >> count) & 0xff)
    }
  }
  return Uint8Array.from(bytes)
}

/** Decodes base64 and hex within a string, at every alignment. */
const decodedRuns = (text: string): ReadonlyArray<string> => {
  const joined = text.replace(/\s/g, "")
  const base64 = Array.from(joined.matchAll(/[A-Za-z0-9+/_-]{8,}/g), ([run]) => run)
  const digits = Array.from(joined.replace(/[:,-]|0x|\\x/gi, "").matchAll(/[0-9a-fA-F]{12,}/g), ([run]) => run)
  return [
    ...base64.flatMap((run) => [0, 1, 2, 3].map((offset) => fromBase64(run, offset))),
    ...digits.flatMap((run) => [0, 1].map((offset) => hex.decode(run.slice(offset))))
  ].flatMap(textsOf)
}

/** Returns the forms in which strings are compared. */
const compared = (text: string): ReadonlyArray<string> => {
  const form = spaced(text)
  const dense = form.replaceAll(" ", "")
  return [form, dense, lettersOf(dense)]
}

/** Returns every form of a string in which a secret could be recognized. */
const formsOf = (text: string): ReadonlySet<string> => {
  const spelled = stages(text)
  const once = spelled.flatMap(decodedRuns).flatMap(stages)
  const twice = once.flatMap(decodedRuns)
  return new Set([...spelled, ...once, ...twice].flatMap(compared))
}

/** Returns the forms of a secret: unchanged and decoded, as in a string that repeats it. */
const formsOfSecret = (secret: string): ReadonlyArray<string> => stages(secret).flatMap(compared)

const partsOf = (text: string): ReadonlySet<string> => {
  const found = new Set<string>()
  for (let at = 0; at + partLength <= text.length; at += 1) found.add(text.slice(at, at + partLength))
  return found
}

const ordinaryParts = (words: ReadonlyArray<string>): ReadonlySet<string> =>
  new Set(words.flatMap((word) => {
    const form = folded(word)
    return [...partsOf(form), ...partsOf(lettersOf(form))]
  }))

/** Rule that decides which strings may be shown. */
export interface Redaction {
  /** Returns whether a string repeats one of the secrets, or a part of one, in any spelling. */
  readonly holds: (text: string) => boolean
  /**
   * Returns a string of a server without control characters, truncated to a length; `<redacted>` if it repeats a secret, and
   * undefined if it is not a string or is empty.
   */
  readonly show: (text: unknown, length: number) => string | undefined
}

/**
 * @param secrets secrets that were sent, and other strings that must not be shown; empty ones are ignored
 * @param known public strings, such as the client id, which are shown although a secret may contain them
 */
export const make = (secrets: ReadonlyArray<string>, known: ReadonlyArray<string> = []): Redaction => {
  // Compiled only when there is something to show: most responses are not errors.
  let compiled: { readonly whole: ReadonlyArray<string>; readonly parts: ReadonlySet<string> } | undefined
  const compile = () => {
    if (compiled !== undefined) return compiled
    const forms = [...new Set(secrets.flatMap(formsOfSecret))].filter((form) => form !== "")
    const ordinary = ordinaryParts([...ordinaryWords, ...known])
    const parts = new Set(forms.flatMap((form) => [...partsOf(form)]).filter((part) => !ordinary.has(part)))
    // The letters alone of a string that is mostly punctuation are not secret.
    const exact = new Set(secrets.flatMap((secret) => stages(secret).map(folded)))
    const whole = forms.filter((form) => exact.has(form) || form.length >= partLength)
    return compiled = { whole, parts }
  }

  const holds = (text: string): boolean => {
    if (secrets.every((secret) => secret === "")) return false
    if (text.length > maxLength) return true
    const { parts, whole } = compile()
    for (const form of formsOf(text)) {
      if (whole.some((secret) => form.includes(secret))) return true
      for (let at = 0; at + partLength <= form.length; at += 1) {
        if (parts.has(form.slice(at, at + partLength))) return true
      }
    }
    return false
  }

  return {
    holds,
    show: (text, length) => {
      if (typeof text !== "string" || text === "") return undefined
      const head = text.slice(0, windowOf(length))
      if (holds(head)) return placeholder
      // Remove characters that change the direction of a string, break a line or are invisible.
      const clean = head.replace(/[\p{C}\p{Zl}\p{Zp}]/gu, " ")
      return clean.length > length ? `${clean.slice(0, length).replace(/[\ud800-\udbff]$/, "")}…` : clean
    }
  }
}
