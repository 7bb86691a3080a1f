// The peer in Go: an event as the original sample makes it, sent by net/http, one after the other, as fast as it goes, or one
// each PERIOD.
package main

import (
	"bytes"
	"crypto/rand"
	"encoding/json"
	"fmt"
	"io"
	"log"
	"net/http"
	"os"
	"time"
)

type heartbeat struct {
	Sequence int    `json:"id"`
	Label    string `json:"label"`
}

func main() {
	sink := os.Getenv("K_SINK")
	source := fmt.Sprintf("https://knative.dev/eventing-contrib/cmd/heartbeats/#%s/%s", os.Getenv("POD_NAMESPACE"), os.Getenv("POD_NAME"))
	var tick <-chan time.Time
	if period, err := time.ParseDuration(os.Getenv("PERIOD")); err == nil {
		tick = time.Tick(period)
	}
	for sequence := 1; ; sequence++ {
		if tick != nil {
			<-tick
		}
		if err := send(sink, source, sequence); err != nil {
			log.Fatal(err)
		}
	}
}

func send(sink, source string, sequence int) error {
	body, err := json.Marshal(heartbeat{Sequence: sequence})
	if err != nil {
		return err
	}
	request, err := http.NewRequest(http.MethodPost, sink, bytes.NewReader(body))
	if err != nil {
		return err
	}
	request.Header.Set("ce-id", uuid())
	request.Header.Set("ce-source", source)
	request.Header.Set("ce-specversion", "1.0")
	request.Header.Set("ce-time", time.Now().UTC().Format(time.RFC3339Nano))
	request.Header.Set("ce-type", "dev.knative.eventing.samples.heartbeat")
	request.Header.Set("ce-beats", "true")
	request.Header.Set("ce-heart", "yes")
	request.Header.Set("ce-the", "42")
	request.Header.Set("content-type", "application/json")
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return err
	}
	defer response.Body.Close()
	if _, err := io.Copy(io.Discard, response.Body); err != nil {
		return err
	}
	if response.StatusCode != http.StatusAccepted {
		return fmt.Errorf("the sink answered %s", response.Status)
	}
	return nil
}

func uuid() string {
	var id [16]byte
	rand.Read(id[:])
	id[6] = id[6]&0x0f | 0x40
	id[8] = id[8]&0x3f | 0x80
	return fmt.Sprintf("%x-%x-%x-%x-%x", id[:4], id[4:6], id[6:8], id[8:10], id[10:])
}
