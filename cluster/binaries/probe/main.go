// Probe is what the tests of the cluster run in pods. As a server it answers with its host's name; called with a URL it
// asks there, called with a name it resolves it, and prints what came.
package main

import (
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"strings"
	"time"
)

func main() {
	if len(os.Args) < 2 {
		serve()
	}
	answer, err := ask(os.Args[1])
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	fmt.Println(answer)
}

func serve() {
	name, _ := os.Hostname()
	fmt.Println("listening")
	err := http.ListenAndServe(":8080", http.HandlerFunc(func(answer http.ResponseWriter, _ *http.Request) {
		fmt.Fprint(answer, name)
	}))
	fmt.Fprintln(os.Stderr, err)
	os.Exit(1)
}

func ask(what string) (string, error) {
	if !strings.HasPrefix(what, "http://") {
		addresses, err := net.LookupHost(what)
		return strings.Join(addresses, " "), err
	}
	client := http.Client{Timeout: 3 * time.Second}
	response, err := client.Get(what)
	if err != nil {
		return "", err
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	return string(body), err
}
