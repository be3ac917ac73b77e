/**
 * The options that all commands have, wherever they stand: @effect/cli wants `--log-level` before the options of a command,
 * and the others after its name.
 */
const logLevelFirst = (args: ReadonlyArray<string>): ReadonlyArray<string> => {
  const end = args.indexOf("--")
  const at = args.findIndex((one) => one === "--log-level" || one.startsWith("--log-level="))
  if (at === -1 || (end !== -1 && end < at)) return args
  const count = args[at] === "--log-level" ? 2 : 1
  return [...args.slice(at, at + count), ...args.slice(0, at), ...args.slice(at + count)]
}

const common = /^--(profile|log-level|quiet|verbose)(=|$)/
const withValue = /^--(profile|log-level)$/

const commandFirst = (args: ReadonlyArray<string>): ReadonlyArray<string> => {
  let count = 0
  for (let one = args[0]; one !== undefined && common.test(one); one = args[count]) count += withValue.test(one) ? 2 : 1
  const command = args[count]
  return command === undefined || command.startsWith("-")
    ? args
    : [command, ...args.slice(0, count), ...args.slice(count + 1)]
}

export const argumentOrder = (args: ReadonlyArray<string>): ReadonlyArray<string> => logLevelFirst(commandFirst(args))
