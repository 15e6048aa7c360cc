# shellcheck shell=bash disable=SC2034
# Finds a JDK of at least version 25 without starting a JVM: sourced by mvnw, ./pooler and the distribution's launcher,
# whose start-up time it is part of, so it forks as little as it can.
#
#   find_jdk java|javac   sets JDK to the home of the first that has this program; if there is none, says so and returns 1

readonly JDK_AT_LEAST=25

# The `release` file of a JDK has a line JAVA_VERSION="25.0.3". An old or hand-made JDK without one is asked itself.
is_recent_jdk() { # HOME PROGRAM
  local home=$1 program=$2 line version=''
  [[ -x $home/bin/$program && -x $home/bin/java ]] || return 1
  if [[ -r $home/release ]]; then
    while IFS= read -r line; do
      if [[ $line == JAVA_VERSION=* ]]; then version=${line#*=}; break; fi
    done <"$home/release"
  else
    version=$("$home/bin/java" -version 2>&1 | sed -n '1s/.* version "\([^"]*\)".*/\1/p') || return 1
  fi
  version=${version//\"/}
  version=${version%%[!0-9]*}
  ((${version:-0} >= JDK_AT_LEAST))
}

find_jdk() { # java|javac
  local program=$1 home on_path
  JDK=''
  # macOS has a stub at /usr/bin/java, which is no JDK's home.
  on_path=$(command -v java || true)
  if [[ -n $on_path ]]; then
    on_path=$(readlink -f "$on_path" || true)
    on_path=${on_path%/bin/java}
    [[ $on_path != /usr ]] || on_path=''
  fi
  for home in "${JAVA_HOME:-}" "$on_path" \
    /usr/lib/jvm/* /opt/java/* "${HOME:-/nonexistent}"/.sdkman/candidates/java/* "${HOME:-/nonexistent}"/.jdks/* \
    /Library/Java/JavaVirtualMachines/*/Contents/Home; do
    if [[ -n $home ]] && is_recent_jdk "$home" "$program"; then
      JDK=$home
      return 0
    fi
  done
  if [[ -x /usr/libexec/java_home ]] && home=$(/usr/libexec/java_home -v "$JDK_AT_LEAST+" 2>/dev/null) \
    && is_recent_jdk "$home" "$program"; then
    JDK=$home
    return 0
  fi
  echo "${0##*/}: no JDK $JDK_AT_LEAST or newer in \$JAVA_HOME, PATH, /usr/lib/jvm, /opt/java, ~/.sdkman, ~/.jdks:" \
    "install one (any vendor's) and set JAVA_HOME to its directory" >&2
  return 1
}
