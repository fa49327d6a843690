import { ASK, type Shell } from './shells.ts';

/**
 * Each script hands the words over as they are, and evaluates nothing: what a person has typed so far, or what a run is called, must never be run. bash cuts
 * words at `=` and `:`, which are put together again, and wants back only what comes after the last cut.
 */
export const SCRIPTS: Readonly<Record<Shell, string>> = {
  bash: `# Completion of mortise for bash. In ~/.bashrc: source <(mortise completion bash)
_mortise() {
  local -a words=()
  local word previous='' i cut=''
  for ((i = 1; i <= COMP_CWORD; i++)); do
    word=\${COMP_WORDS[i]}
    if ((\${#words[@]})) && [[ $word == [=:]* || $previous == *[=:] ]]; then
      words[\${#words[@]}-1]+=$word
    else
      words+=("$word")
    fi
    previous=$word
  done
  word=\${words[\${#words[@]}-1]}
  [[ $word == *[=:]* ]] && cut=\${word%"\${word##*[=:]}"}
  COMPREPLY=()
  local line first=1
  while IFS= read -r line; do
    if ((first)); then
      first=0
      [[ $line == files ]] && compopt -o default
      continue
    fi
    line=\${line%%$'\\t'*}
    [[ $line == --*= ]] && compopt -o nospace
    COMPREPLY+=("\${line#"$cut"}")
  done < <("\${1/#\\~/$HOME}" ${ASK} -- "\${words[@]}" 2>/dev/null)
}
complete -F _mortise mortise
`,
  zsh: `#compdef mortise
# Completion of mortise for zsh. In ~/.zshrc, after compinit: source <(mortise completion zsh)
_mortise() {
  local -a lines keys others
  local line value about cut=''
  local typed=\${(Q)words[CURRENT]}
  lines=("\${(@f)$("\${(Q)words[1]}" ${ASK} -- "\${(@Q)words[2,CURRENT]}" 2>/dev/null)}")
  if [[ $lines[1] == files ]]; then
    [[ $typed == --*=* ]] && compset -P 1 '*='
    _files
    return
  fi
  [[ $typed == --*=* ]] && cut="\${typed%%=*}=" && compset -P 1 '*='
  for line in "\${(@)lines[2,-1]}"; do
    value=\${\${line%%$'\\t'*}#$cut}
    about=\${line#*$'\\t'}
    [[ -z $value ]] && continue
    if [[ $value == --*= ]]; then
      keys+=("\${value//:/\\\\:}:$about")
    else
      others+=("\${value//:/\\\\:}:$about")
    fi
  done
  local found=1
  ((\${#others})) && _describe mortise others && found=0
  ((\${#keys})) && _describe mortise keys -S '' && found=0
  return $found
}
if [[ $funcstack[1] == _mortise ]]; then
  _mortise "$@"
else
  compdef _mortise mortise
fi
`,
  fish: `# Completion of mortise for fish. In ~/.config/fish/config.fish: mortise completion fish | source
function __mortise_complete
    set -l typed (commandline -ct)
    set -l words (commandline -opc)
    set -l lines ($words[1] ${ASK} -- $words[2..-1] "$typed" 2>/dev/null)
    if test "$lines[1]" = files
        __fish_complete_path (string replace -r -- '^--[^=]*=' '' "$typed")
        return
    end
    for line in $lines[2..-1]
        echo $line
    end
end
complete -c mortise -f -a '(__mortise_complete)'
`,
};
