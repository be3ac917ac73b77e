// Checks the mechanical part of the language rules in CONTRIBUTING.md: one term for each concept, no words that a reader has
// to guess, and self-contained first sentences of doc comments. Reads documents (without their code), comments and their
// width, names, strings, including names of tests, components of the site, and comments and titles in YAML and shell
// scripts. Prints each finding with a replacement, and exits with 1 if there are any.
import { execFileSync } from "node:child_process"
import { existsSync, readFileSync } from "node:fs"

import ts from "typescript"

/** Words, and what to write in their place. Matched in any case, as whole words. */
const words = [
  ["ask(?:s|ed|ing)?", "request, call, or prompt for"],
  ["tell|tells|told|telling", "report, state, distinguish"],
  ["say|says|said|saying", "state, report, show, name"],
  ["hear|hears|heard|news", "report; changed"],
  ["knows", "has, recognizes, is configured with"],
  ["nobody|whoever", "no caller, no process; a process that"],
  ["everybody|everyone|those who", "all callers, all processes, users who"],
  ["departure|tokenCell|occasion", "token request, cache entry, request reason"],
  ["mend|mends|mended", "fix, repair"],
  ["stand|stands|stood", "is, are, represents"],
  ["anew", "again"],
  ["of (?:its|their|your|our|his|one's) own", "own, separate"],
  ["be had", "is unavailable"],
  ["(?:a|the) text(?![/-])|texts", "a string, the message"],
  ["whole numbers? from", "a positive integer"],
  ["patience|worthwhile|unsound|conceal(?:s|ed|ing)?", "retryTimeout, isUsable, invalid, redact"],
  ["(?<!there )is no (?!longer|more|less|later|earlier|better|worse|other|such|need)\\w+", "is not a ..."],
  ["(?:meta)?data (?:are|were|have)", "metadata is, data is"],
  ["time-outs?|behaviours?", "timeout, behavior"],
  ["held", "cached, stored, contained"],
  // Options such as --token-life keep their names.
  ["(?<!-|const )(?:life|lived|lives(?! in\\b))", "lifetime, is valid for"],
  // Connections are refused (ECONNREFUSED); requests and tokens are rejected.
  [
    "(?<!connections? (?:\\w+ ){0,3}|[\"'])refus(?:e|es|ed|ing|als?)(?! (?:the )?connections?)",
    "reject, rejected, error response"
  ],
  // Leases and certificates are renewed; tokens are refreshed.
  [
    "(?<!(?:lease|certificate)[^]{0,200})renew(?:s|ed|ing|als?|able)?(?![^.]{0,40} (?:lease|certificate))",
    "refresh, refreshed"
  ],
  ["(?<!in[- ])flights?", "token request, refresh"],
  ["spent tokens?", "tombstone"],
  ["strictly|watched", "exactly; measured, limited by a timeout"],
  ["sound(?:ness|ly)?", "valid"],
  ["colour(?:s|ed|ing|less)?|favour(?:s|ed|ite)?|honour(?:s|ed)?|neighbour(?:s|ing)?", "the American spelling"],
  ["(?:servers?|endpoints?|API|issuers?|stores?|services?|hosts?|proxy|gateway) answer(?:s|ed)?", "returns, responds"]
].map(([pattern, use]) => ({ pattern: new RegExp(`\\b(?:${pattern})\\b`, "gi"), use }))

/** Parts of names in programs. `ECONNREFUSED` is the code of a connection. */
const names = {
  pattern:
    /(?<!ECONN)refus|^held$|colour|^(?:is|un)*sound$|^(?:tokenCell|getOther|withChange|renewBefore|stopBefore)$/i,
  use: "reject, cached, color, isValid, or the name in use"
}

/** Columns of a comment. The formatter wraps code, not comments. */
const widest = 130

const doubledStop = { pattern: /\w\.\.(?![./\w])/g, use: "a single full stop" }

const firstSentence = {
  pattern: /^(?:What|How|Where|Who|Whose|Whom|Whether|Which|The same)\b/g,
  use: "a first sentence that begins with a verb (Returns, Reads) or a noun phrase (Options of ...)"
}

/** Not written by the project, written by a program from what is checked here, or the examples of findings. */
const ignored =
  /^(?:LICENSE|scripts\/language\.mjs|packages\/publishing\/test\/language\.test\.ts|packages\/(?:effect-4\/)?api\/|packages\/[^/]+\/api\.md|packages\/benchmarks\/(?:README|FLEETS|COMMAND_LINE)\.md)|CHANGELOG|\/corpus\/|\.golden\./

const positions = ({ pattern, use }, text) =>
  [...text.matchAll(pattern)].map(({ 0: found, index }) => ({ index, found, use }))

const inProse = (text) => [...words, doubledStop].flatMap((rule) => positions(rule, text))

/** The first sentence of a doc comment begins after its stars. */
const inFirstSentence = (comment) => {
  const [start] = /^\/\*\*[\s*]*/.exec(comment) ?? [""]
  return start === "" || start === comment
    ? []
    : positions(firstSentence, comment.slice(start.length)).map((one) => ({ ...one, index: one.index + start.length }))
}

/** The lines of a comment that are too long. `start` is the column of its first character. */
const inWidth = (comment, start) => {
  let at = 0
  return comment.split("\n").flatMap((line, number) => {
    const index = at
    at += line.length + 1
    const columns = line.length + (number === 0 ? start : 0)
    return columns > widest ? [{ index, found: line, use: `at most ${widest} columns, not ${columns}` }] : []
  })
}

/** Blanks of the same length, so that positions stay. */
const blank = (text, pattern) => text.replace(pattern, (found) => found.replace(/[^\n]/g, " "))

const withoutCode = (text) => blank(blank(text, /^( *)(```|~~~)[\s\S]*?^\1\2/gm), /`[^`\n]*`|\]\([^)]*\)|^ {4}.*$/gm)

/** The comments and strings of a program, each with its position. */
const proseOf = (source) => {
  const file = ts.createSourceFile("file.ts", source, ts.ScriptTarget.Latest, true)
  const comments = new Map()
  const strings = []
  const identifiers = []
  const visit = (node) => {
    const around = [
      ...(ts.getLeadingCommentRanges(source, node.getFullStart()) ?? []),
      ...(ts.getTrailingCommentRanges(source, node.getEnd()) ?? [])
    ]
    for (const { end, pos } of around) comments.set(pos, source.slice(pos, end))
    if (ts.isStringLiteralLike(node) || ts.isTemplateHead(node) || ts.isTemplateMiddleOrTemplateTail(node)) {
      strings.push([node.getStart(), node.getText()])
    }
    if (ts.isIdentifier(node)) identifiers.push([node.getStart(), node.text])
    ts.forEachChild(node, visit)
  }
  visit(file)
  return { comments: [...comments], identifiers, strings }
}

/** Examples in comments, and what is quoted as code. */
const withoutExamples = (comment) => blank(blank(comment, /@example[\s\S]*?(?=\n *\* @|\*\/$)/g), /`[^`]*`/g)

const isOfLines = (path) => /\.(?:ya?ml|sh)$|^\.ci\/run$/.test(path)

const shift = (by) => (one) => ({ ...one, index: one.index + by })

/** The comments of YAML and shell, and the texts of YAML, where they are a whole value. */
const ofLines = (content) =>
  [...content.matchAll(/(?<=^|\s)#(?!!).*$|^ *(?:- )?(?:name|title|description|about|summary|message):(.*)$/gm)]
    .flatMap(({ 0: line, index }) => inProse(blank(line, /`[^`]*`/g)).map(shift(index)))

/** The program of a component, and what its template shows; not its style. */
const ofComponent = (content) => {
  const program = /<script[^>]*>([\s\S]*?)<\/script>/d.exec(content)
  const template = blank(blank(content, /<(script|style)[\s\S]*?<\/\1>/g), /<[^>]*>|\{\{[\s\S]*?\}\}/g)
  return [
    ...program === null ? [] : findings("program.ts", program[1]).map(shift(program.indices[1][0])),
    ...inProse(template)
  ]
}

/** The findings of a file, by its content: index, what was found, what to use. */
export const findings = (path, content) => {
  if (path.endsWith(".md")) return inProse(withoutCode(content))
  if (path.endsWith(".vue")) return ofComponent(content)
  if (isOfLines(path)) return ofLines(content)
  const { comments, identifiers, strings } = proseOf(content)
  return [
    ...comments.flatMap(([at, comment]) =>
      [
        ...inProse(withoutExamples(comment)),
        ...inFirstSentence(comment),
        ...inWidth(comment, at - content.lastIndexOf("\n", at) - 1)
      ].map(shift(at))
    ),
    ...identifiers.flatMap(([index, name]) => names.pattern.test(name) ? [{ index, found: name, use: names.use }] : []),
    // Paths, URLs and identifiers have no blanks.
    ...strings.filter(([, string]) => string.includes(" ")).flatMap(([at, string]) =>
      inProse(blank(string, /`[^`]*`/g)).map(shift(at))
    )
  ]
}

const lineOf = (content, index) => content.slice(0, index).split("\n").length

const check = (chosen) => {
  const tracked = execFileSync("git", ["ls-files", "--", ...chosen], { encoding: "utf8" }).split("\n")
  const paths = tracked.filter((path) =>
    (/\.(?:md|ts|mjs|vue)$/.test(path) || isOfLines(path)) && !ignored.test(path) && existsSync(path)
  )
  return paths.flatMap((path) => {
    const content = readFileSync(path, "utf8")
    return findings(path, content).map(({ found, index, use }) =>
      `${path}:${lineOf(content, index)}: "${found}": use ${use}`
    )
  })
}

if (import.meta.url === `file://${process.argv[1]}`) {
  const found = check(process.argv.slice(2))
  for (const one of found) console.log(one)
  if (found.length > 0) {
    console.log(`${found.length} words or sentences against the rules of language in CONTRIBUTING.md.`)
    process.exitCode = 1
  }
}
