// Serves a greeting, or only says it.
package main

import (
	"fmt"
	"log"
	"net/http"
	"os"

	"example.org/site/greeting"
)

func main() {
	if len(os.Args) < 2 {
		fmt.Println(greeting.For("world"))
		return
	}
	http.HandleFunc("/", func(answer http.ResponseWriter, request *http.Request) {
		fmt.Fprintln(answer, greeting.For(request.FormValue("name")))
	})
	log.Fatal(http.ListenAndServe(os.Args[1], nil))
}
