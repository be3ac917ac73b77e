/**
 * Help as it is short: without what goes without saying of every option, and with the name of the program before each
 * command, so that it can be copied.
 */
import { strip } from "./ansi.js"

const obvious = new Set([
  "A user-defined piece of text.",
  "A true or false value.",
  "An integer.",
  "This setting is optional.",
  "This argument may be repeated zero or more times."
])

export const shorten = (text: string): string =>
  text
    .split("\n\n")
    .filter((paragraph) => !obvious.has(strip(paragraph).trim()))
    .map((paragraph) =>
      /^\$ (?!effect-oauth)/.test(strip(paragraph)) ? paragraph.replace("$ ", "$ effect-oauth ") : paragraph
    )
    // The name of an option and what it does stand together.
    .reduce(
      (left, paragraph) => left === "" ? paragraph : `${left}${paragraph.startsWith("  ") ? "\n" : "\n\n"}${paragraph}`,
      ""
    )

/**
 * Completions for bash, mended: @effect/cli names this command in two ways, of which one never meets the other, since there
 * is a hyphen in it.
 */
export const mended = (script: string): string =>
  script.replaceAll("cmd=\"effect-oauth\"", "cmd=\"effect__oauth\"").replaceAll(
    /^( +)effect-oauth\)$/gm,
    "$1effect__oauth)"
  )

/** The value of an option that there is none of is not repeated: it may be a secret. */
export const withoutValue = (text: string): string => text.replace(/(unknown argument: '-[^'=\s]*)=[^]*'/, "$1'")
