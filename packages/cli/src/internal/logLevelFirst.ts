/**
 * `--log-level debug` wherever it stands: @effect/cli wants it before the options of a command.
 */
export const logLevelFirst = (args: ReadonlyArray<string>): ReadonlyArray<string> => {
  const end = args.indexOf("--")
  const at = args.findIndex((one) => one === "--log-level" || one.startsWith("--log-level="))
  if (at === -1 || (end !== -1 && end < at)) return args
  const count = args[at] === "--log-level" ? 2 : 1
  return [...args.slice(at, at + count), ...args.slice(0, at), ...args.slice(at + count)]
}
