# Runs a server for as long as somebody holds the other end of stdin, and removes its folder.
# Arguments: the folder, and the server with its arguments.
folder=$1
shift
exec 3<&0
"$@" </dev/null 3<&- &
server=$!
{ read -r _ <&3; kill -KILL "$server"; } &
watcher=$!
exec 3<&-
wait "$server"
kill "$watcher"
rm -rf -- "$folder"
