/**
 * The help of a command, from its declaration.
 */
import { optionsOf } from "./commandLine.js"
import { commands } from "./commandTable.js"
import { type Option, written } from "./declaration.js"
import { pairs, wrap } from "./wrap.js"

const nameOf = (key: string, option: Option): string =>
  `${option.short === undefined ? "    " : `-${option.short}, `}--${written(key)}${
    option.type === "flag" ? "" : ` ${option.placeholder}`
  }`

const textOf = (option: Option): string =>
  [
    option.description,
    ...(option.type === "choice" ? [`One of ${option.choices.join(", ")}.`] : []),
    ...(option.type !== "flag" && option.default !== undefined ? [`Default: ${option.default}.`] : [])
  ].join(" ")

const optionsText = (name: string | undefined, columns: number): string =>
  pairs(
    Object.entries(optionsOf(name)).map(([key, option]) => [nameOf(key, option), textOf(option)] as const),
    columns
  )

const overview = (columns: number): string =>
  [
    "effect-oauth COMMAND [OPTIONS]",
    wrap("OAuth 2.0 client credentials on the command line.", columns),
    pairs([...commands].map(([name, { description }]) => [name, description] as const), columns),
    optionsText(undefined, columns),
    wrap(
      "The client is that of the variables OAUTH_ISSUER or OAUTH_TOKEN_URL, OAUTH_CLIENT_ID, OAUTH_CLIENT_SECRET_FILE " +
        "and API_BASE_URL, or of a profile. Its token is cached, sealed, for the next command.",
      columns
    ),
    wrap("effect-oauth COMMAND --help shows the options of a command.", columns)
  ].join("\n\n") + "\n"

/** The help of a command, or of all of them. */
export const helpText = (name: string | undefined, columns: number): string => {
  if (name === undefined) return overview(columns)
  const command = commands.get(name)
  const args = command?.args
  return [
    wrap(`effect-oauth ${name} [OPTIONS]${args === undefined ? "" : ` ${args.placeholder}`}`, columns, 4),
    wrap(command?.description ?? "", columns),
    ...(args === undefined ? [] : [wrap(args.description, columns)]),
    optionsText(name, columns)
  ].join("\n\n") + "\n"
}
