// Says a greeting, or writes it as a page. It imports little, so that the demo is quick.
package main

import (
	"fmt"
	"html/template"
	"log"
	"os"

	"example.org/site/greeting"
)

var page = template.Must(template.New("page").Parse("<h1>{{.}}</h1>\n"))

func main() {
	if len(os.Args) < 2 {
		fmt.Println(greeting.For("world"))
		return
	}
	if err := page.Execute(os.Stdout, greeting.For(os.Args[1])); err != nil {
		log.Fatal(err)
	}
}
