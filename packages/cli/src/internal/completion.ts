/**
 * Completions: scripts for shells that call this program, so that all shells complete in the same way.
 */
import { optionsOf } from "./commandLine.js"
import { commands, common } from "./commandTable.js"
import { type Option, written } from "./declaration.js"

export interface Candidate {
  readonly word: string
  readonly description: string
}

export interface Completion {
  readonly candidates: ReadonlyArray<Candidate>
  /** Set if files complete as well: those of an option, or of a request item, after the `prefix` of the word. */
  readonly files: { readonly prefix: string } | undefined
  /** True if the following words are those of another command. */
  readonly isCommand: boolean
}

const first = (text: string): string => text.split(/(?<=\.) /, 1)[0] ?? ""

const optionOf = (word: string, options: Readonly<Record<string, Option>>): Option | undefined =>
  Object.entries(options).find(([key, { short }]) =>
    word === `--${written(key)}` || (short !== undefined && word === `-${short}`)
  )?.[1]

const none: Completion = { candidates: [], files: undefined, isCommand: false }

const valuesOf = (
  option: Option,
  prefix: string,
  profiles: () => ReadonlyArray<string>
): Completion => {
  const words = option.type === "choice"
    ? option.choices
    : option.type === "text" && option.completes === "profile"
    ? profiles()
    : []
  return {
    ...none,
    candidates: words.map((word) => ({ word: prefix + word, description: "" })),
    files: option.type === "text" && option.completes === "file" ? { prefix } : undefined
  }
}

/** Completes the last of the words, which may be empty. */
export const complete = (words: ReadonlyArray<string>, profiles: () => ReadonlyArray<string>): Completion => {
  const last = words.at(-1) ?? ""
  const before = words.slice(0, -1)
  const name = before.find((word, at) =>
    !word.startsWith("-") && (optionOf(before[at - 1] ?? "", common)?.type ?? "flag") === "flag"
  )
  const options = optionsOf(name)
  const command = name === undefined ? undefined : commands.get(name)
  const isBehind = before.includes("--")
  const all = ((): Completion => {
    const previous = optionOf(before.at(-1) ?? "", options)
    if (!isBehind && previous !== undefined && previous.type !== "flag") return valuesOf(previous, "", profiles)
    const [, written_ = "", prefix = ""] = /^((--[^=]+)=)/.exec(last) ?? []
    const inline = optionOf(prefix, options)
    if (!isBehind && inline !== undefined) return valuesOf(inline, written_, profiles)
    if (!isBehind && last.startsWith("-")) {
      return {
        ...none,
        candidates: Object.entries(options).map(([key, { description }]) => ({
          word: `--${written(key)}`,
          description: first(description)
        }))
      }
    }
    if (name === undefined) {
      return {
        ...none,
        candidates: [...commands].map(([word, { description }]) => ({ word, description: first(description) }))
      }
    }
    if (command?.args === undefined) return none
    if (command.args.completes === "command") return { ...none, isCommand: true }
    // Request items name files behind an @.
    const [item] = /^[^@]*@/.exec(last) ?? []
    return { ...none, files: item === undefined ? undefined : { prefix: item } }
  })()
  return { ...all, candidates: all.candidates.filter(({ word }) => word.startsWith(last)) }
}

/**
 * Returns the completion in the format that the shell scripts read: `files PREFIX`, `command` or `words`, then one candidate a
 * line, with its description after a tab.
 */
export const printed = ({ candidates, files, isCommand }: Completion): string =>
  [
    files !== undefined ? `files ${files.prefix}` : isCommand ? "command" : "words",
    ...candidates.map(({ description, word }) => `${word}\t${description}`)
  ].map((line) => `${line}\n`).join("")

const bash = `# Completions of effect-oauth for bash.
_effect_oauth() {
  local cur line kind prefix file
  # Words are cut at = and :, and joined here again.
  local words=() at typed="\${COMP_LINE:0:COMP_POINT}"
  read -r -a words <<< "$typed"
  [[ $typed == *" " || \${#words[@]} -eq 1 ]] && words+=("")
  cur="\${words[-1]}"
  COMPREPLY=()
  while IFS= read -r line; do
    if [[ -z $kind ]]; then
      kind="\${line%% *}"
      [[ $line == *" "* ]] && prefix="\${line#* }"
      continue
    fi
    COMPREPLY+=("\${line%%$'\\t'*}")
  done < <("\${COMP_WORDS[0]}" complete-words -- "\${words[@]:1}" 2> /dev/null)
  case $kind in
    files)
      compopt -o filenames 2> /dev/null
      while IFS= read -r file; do COMPREPLY+=("$prefix$file"); done < <(compgen -f -- "\${cur#"$prefix"}")
      ;;
    command)
      while IFS= read -r file; do COMPREPLY+=("$file"); done < <(compgen -c -f -- "$cur")
      ;;
  esac
  # What stands before the last = or : of the word stays as it is.
  if [[ $cur == *[=:]* && $COMP_WORDBREAKS == *[=:]* ]]; then
    prefix="\${cur%"\${cur##*[=:]}"}"
    for at in "\${!COMPREPLY[@]}"; do COMPREPLY[at]="\${COMPREPLY[at]#"$prefix"}"; done
  fi
}
complete -F _effect_oauth effect-oauth
`

const zsh = `#compdef effect-oauth
# Completions of effect-oauth for zsh.
_effect_oauth() {
  local line kind prefix
  local -a found
  while IFS= read -r line; do
    if [[ -z $kind ]]; then
      kind="\${line%% *}"
      [[ $line == *" "* ]] && prefix="\${line#* }"
      continue
    fi
    found+=("\${\${line%%$'\\t'*}//:/\\\\:}:\${line#*$'\\t'}")
  done < <("\${words[1]}" complete-words -- "\${(@)words[2,CURRENT]}" 2> /dev/null)
  (( \${#found} )) && _describe -V 'effect-oauth' found
  case $kind in
    files) compset -P "\${(b)prefix}"; _files ;;
    command) _command_names -e; _files ;;
  esac
}
if [[ $zsh_eval_context[-1] == loadautofunc ]]; then _effect_oauth "$@"; else compdef _effect_oauth effect-oauth; fi
`

const fish = `# Completions of effect-oauth for fish.
function __effect_oauth
  set -l typed (commandline -opc) (commandline -ct)
  set -l lines ($typed[1] complete-words -- $typed[2..-1] 2> /dev/null)
  set -l kind (string split -m 1 " " -- $lines[1])
  for line in $lines[2..-1]
    echo $line
  end
  switch $kind[1]
    case files
      set -l prefix "$kind[2]"
      set -l rest (string sub -s (math 1 + (string length -- "$prefix")) -- (commandline -ct))
      for file in (__fish_complete_path "$rest")
        echo "$prefix$file"
      end
    case command
      __fish_complete_subcommand
  end
end
complete -c effect-oauth -f -a "(__effect_oauth)"
`

export const scripts: Readonly<Record<string, string>> = { bash, zsh, fish }
