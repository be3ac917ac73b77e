/**
 * Strings from a server, fit to be shown: one that repeats a secret is left out as a whole, however the secret is spelled.
 *
 * Both sides are compared in canonical form. A string is decoded until nothing changes any more (HTML entities, percent
 * and JSON escapes, lists of bytes, each possibly several times), base64 and hex in it are decoded at every alignment, and
 * what remains is compared without regard to case, white space and, a second time, punctuation. Six consecutive characters
 * of a secret count as the secret, unless they are part of an ordinary word of such messages. The work grows linearly with the text.
 */

import { hex } from "./bytes.js"

/** Consecutive characters that two texts have in common by no accident. */
const partLength = 6

/** Each round undoes one encoding of each kind. Servers encode twice; more encodings do not occur by accident. */
const maxRounds = 6

/** A longer text cannot be looked through in a reasonable time, and counts as one that holds a secret. */
const maxLength = 16_384

/** What is looked at of a text of which `length` characters are shown: a character may be two code units. */
const windowOf = (length: number): number => 4 * length + 512

/** Shown in place of a text that repeats a secret. */
export const placeholder = "<redacted>"

/**
 * Words of error messages and of the names that people give to secrets. A secret that contains one is not shown by a
 * message that contains it as well.
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

/** White space, and `+` beside it, make no difference. */
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

/** The letters of ISO 8859-1, as HTML names them, in their order from U+00A1 on. */
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

/** Of bytes around what is looked for, which are no UTF-8, the part that is must be found all the same. */
const textsOf = (bytes: Uint8Array): readonly [string, ...ReadonlyArray<string>] => {
  try {
    return [strictUtf8.decode(bytes)]
  } catch {
    return [latin1(bytes), new TextDecoder().decode(bytes)]
  }
}

const textOf = (bytes: Uint8Array): string => textsOf(bytes)[0]

/** An escape of a string literal, without its backslash. */
const escaped = (_: string, code: string): string =>
  code.length > 1
    ? character(parseInt(code.replace(/[ux{}]/g, ""), 16))
    : /[bfnrt]/.test(code)
    ? " "
    : code

/** What each encoding that is found stands for, one encoding at a time. */
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
  // Bytes as languages print an array of them: `{"type":"Buffer","data":[115,51]}`, `[115 51]`, negative ones in Java.
  (text) =>
    text.replace(
      /(?:-?\d{1,3}[\s,;+]{1,4}){5,}-?\d{1,3}/g,
      (run) => textOf(Uint8Array.from(run.split(/[\s,;+]+/), Number))
    )
]

/** Whether there may be something to decode. */
const isEncoded = (text: string): boolean => /[&%\\]|\d[\s,;+]{1,4}-?\d/.test(text)

/** The text as it is, and whatever it becomes while it is decoded. */
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

/** Without regard to case, composition, what cannot be seen, and how much white space there is, or how a form writes it. */
const spaced = (text: string): string => text.normalize("NFKC").toLowerCase().replace(/[\s\p{C}+]+/gu, " ")

/** Without white space too, so that line breaks make no difference. */
const folded = (text: string): string => spaced(text).replaceAll(" ", "")

/** Letters and digits only: quotes, separators and the two alphabets of base64 make no difference. */
const lettersOf = (text: string): string => text.replace(/[^\p{L}\p{N}]/gu, "")

const base64Value = new Map(
  [..."ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/", ..."-_"].map((digit, at) => [
    digit,
    at < 64 ? at : at - 2
  ])
)

/** The bytes of base64 of either alphabet whose first digit stands at `offset` of a group of four. */
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

/** What base64 and hex in a text may stand for, at every alignment: decoded, it is another text. */
const decodedRuns = (text: string): ReadonlyArray<string> => {
  const joined = text.replace(/\s/g, "")
  const base64 = Array.from(joined.matchAll(/[A-Za-z0-9+/_-]{8,}/g), ([run]) => run)
  const digits = Array.from(joined.replace(/[:,-]|0x|\\x/gi, "").matchAll(/[0-9a-fA-F]{12,}/g), ([run]) => run)
  return [
    ...base64.flatMap((run) => [0, 1, 2, 3].map((offset) => fromBase64(run, offset))),
    ...digits.flatMap((run) => [0, 1].map((offset) => hex.decode(run.slice(offset))))
  ].flatMap(textsOf)
}

/** The forms in which texts are compared. */
const compared = (text: string): ReadonlyArray<string> => {
  const form = spaced(text)
  const dense = form.replaceAll(" ", "")
  return [form, dense, lettersOf(dense)]
}

/** Every form of a text in which a secret could be recognised. */
const formsOf = (text: string): ReadonlySet<string> => {
  const spelled = stages(text)
  const once = spelled.flatMap(decodedRuns).flatMap(stages)
  const twice = once.flatMap(decodedRuns)
  return new Set([...spelled, ...once, ...twice].flatMap(compared))
}

/** The ways in which a secret may be read: as it is, and decoded, as a text that repeats it is. */
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

/** Decides which texts may be shown. */
export interface Redaction {
  /** Whether a text repeats one of the secrets, or a part of one, in any spelling. */
  readonly holds: (text: string) => boolean
  /**
   * A server's text without control characters, cut to a length; `<redacted>` when it repeats a secret, and undefined when
   * it is none or empty.
   */
  readonly show: (text: unknown, length: number) => string | undefined
}

/**
 * @param secrets what was sent, and whatever else must not be shown; an empty one counts for nothing
 * @param known what everybody knows, such as the client id, although a secret may contain it
 */
export const make = (secrets: ReadonlyArray<string>, known: ReadonlyArray<string> = []): Redaction => {
  // Only when there is something to show: most responses are none.
  let compiled: { readonly whole: ReadonlyArray<string>; readonly parts: ReadonlySet<string> } | undefined
  const compile = () => {
    if (compiled !== undefined) return compiled
    const forms = [...new Set(secrets.flatMap(formsOfSecret))].filter((form) => form !== "")
    const ordinary = ordinaryParts([...ordinaryWords, ...known])
    const parts = new Set(forms.flatMap((form) => [...partsOf(form)]).filter((part) => !ordinary.has(part)))
    // Of what is mostly punctuation, the letters alone are no secret.
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
      // Nor what turns the direction of a text, breaks its line or cannot be seen.
      const clean = head.replace(/[\p{C}\p{Zl}\p{Zp}]/gu, " ")
      return clean.length > length ? `${clean.slice(0, length).replace(/[\ud800-\udbff]$/, "")}…` : clean
    }
  }
}
