# Sourced by deploy/quickstart and test/run: installs the Debian packages of deploy/packages.txt that are missing.

# install_packages KIND...   one apt-get call for what is missing; nothing to do is silent.
# Returns 1 with a message if the system is not Debian-like, the right is missing, or apt-get fails.
install_packages() {
  local list missing=() kind package as_root=()
  list="$(dirname "${BASH_SOURCE[0]}")/packages.txt"
  command -v dpkg-query >/dev/null || { echo "packages: this is no Debian system; install what $list names by hand and use --no-install" >&2; return 1; }
  while read -r kind package; do
    [[ " $* " == *" $kind "* ]] || continue
    [[ "$(dpkg-query -W -f '${db:Status-Status}' "$package" 2>/dev/null)" == installed ]] || missing+=("$package")
  done < <(grep -v '^#' "$list")
  ((${#missing[@]})) || return 0
  if ((EUID != 0)); then
    command -v sudo >/dev/null || { echo "packages: missing ${missing[*]}; installing needs root: run as root, install sudo, or install them and use --no-install" >&2; return 1; }
    as_root=(sudo)
  fi
  echo "Installing ${#missing[@]} Debian packages: ${missing[*]}"
  local log
  log=$(mktemp)
  if ! "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive sh -c '
      apt-get update -q && apt-get install -q -y --no-install-recommends "$@"' sh "${missing[@]}" >"$log" 2>&1; then
    tail -n 15 "$log" >&2
    echo "packages: apt-get failed, see above" >&2
    rm -f "$log"
    return 1
  fi
  rm -f "$log"
  stop_packaged_services "${missing[@]}"
}

# Debian starts the servers that it installs; the tests start their own on free ports and leave the host as it was.
stop_packaged_services() {
  [[ -d /run/systemd/system ]] || return 0
  local package service as_root=()
  ((EUID == 0)) || as_root=(sudo)
  for package in "$@"; do
    case "$package" in
      prometheus | prometheus-alertmanager | prometheus-*-exporter | nginx | memcached | redis-server | rabbitmq-server) service="$package" ;;
      mariadb-server) service=mariadb ;;
      postgresql-*) service=postgresql ;;
      *) continue ;;
    esac
    "${as_root[@]}" systemctl disable --now "$service" >/dev/null 2>&1
  done
  return 0
}
