package main

import (
	"strings"
	"testing"
)

// invocation is a run of the program: what it is given, and regular expressions for all that it writes.
type invocation struct {
	args   string // between spaces; a word in ' ' is one argument
	stdin  string
	env    string
	code   int
	stdout string
	stderr string
}

const (
	builtIn = "linnet: the built-in model .* --model FILE\n"
	story   = "Once upon a time, there was a little girl named Lily. She loved to play outside in the park. "
)

var invocations = []invocation{
	{args: "generate --mode greedy -n 60 'Once upon a time'", stdout: story + ".*\n", stderr: builtIn},
	{args: "generate -q --mode greedy -n 60 -p 'Once upon a time'", stdout: story + ".*\n"},
	{args: "generate -q --mode greedy -n 60 -f prompt.txt", stdout: story + ".*\n"},
	{args: "generate -q --mode greedy -n 60", stdin: "Once upon a time\n", stdout: story + ".*\n"},
	{args: "generate -q --mode greedy -n 60 -f -", stdin: "Once upon a time\r\n", stdout: story + ".*\n"},
	{args: "generate -q --mode greedy -n 60 --no-echo 'Once upon a time'", stdout: ", there was a .*\n"},
	{args: "generate -q --mode greedy --stop park --stop outside 'Once upon a time'", stdout: "Once .* She loved to play \n"},
	{args: "generate -q --temp 0 -n 8 'Once upon a time'", stdout: "Once upon a time, there was a .*\n"},
	{args: "generate -m stories.gguf --mode greedy -n 8 'Once upon a time'", stdout: "Once upon a time, there was a .*\n"},
	{args: "generate --mode greedy -n 8 'Once upon a time'", env: "LINNET_MODEL=stories.gguf", stdout: "Once upon a time, there was a .*\n"},
	{args: "generate -q --mode greedy -n 8 --level ref --threads 1 --batch 1 --ctx 64 --kv f32 'Once upon a time'", stdout: "Once upon a time, there was a .*\n"},
	{args: "generate -q --mode greedy -n 1 --logit-bias 13=100 x", stdout: "x\n"},
	{args: "generate -v -n 3 --seed 5 x", stdout: "x.*", stderr: builtIn + "linnet: prompt: 3 tokens, 0 of them cached, in .* s .*\nlinnet: generated: 3 tokens .*, ended by length; seed 5\n"},
	{args: "generate -q --ctx 20 -n -1 --ignore-eos -v x", stdout: "x.*", stderr: ".*ended by context.*"},
	{args: "generate -q --json --mode greedy -n 2 --seed 3 'Once upon a time'",
		stdout: `\{"prompt":"Once upon a time","text":",[^"]*","ids":\[432,383\],"prompt_tokens":5,"reason":"length","seed":3,"prompt_seconds":[\d.e-]+,"generate_seconds":[\d.e-]+\}` + "\n"},
	{args: "generate -n 0 x", code: 2, stderr: "linnet: --tokens 0: need 1 or more, or -1\n"},
	{args: "generate --mode lucky x", code: 2, stderr: "linnet: --mode \"lucky\": .*\n"},
	{args: "generate --mode greedy --temp 1 x", code: 2, stderr: "linnet: --temp is for .*\n"},
	{args: "generate --temp -1 x", code: 2, stderr: "linnet: .*-1.*\n"},
	{args: "generate --top-p 2 x", code: 2, stderr: "linnet: .*2.*\n"},
	{args: "generate --logit-bias 13 x", code: 2, stderr: "linnet: --logit-bias \"13\": need ID=X.*\n"},
	{args: "generate --stop= x", code: 2, stderr: "linnet: --stop: needs a text\n"},
	{args: "generate Once upon", code: 2, stderr: "linnet: generate: got 2 arguments, takes one prompt: put it in quotes .*\n"},
	{args: "generate -p a b", code: 2, stderr: "linnet: generate: got a prompt and --prompt, takes one\n"},
	{args: "generate -f prompt.txt b", code: 2, stderr: "linnet: generate: got a text and --file, takes one\n"},
	{args: "generate -f absent.txt", code: 1, stderr: "linnet: open absent.txt: .*\n"},
	{args: "generate -n three x", code: 2, stderr: "linnet: invalid argument \"three\".*\\(linnet generate --help lists the flags\\)\n"},
	{args: "generate --colour x", code: 2, stderr: "linnet: unknown flag: --colour .*\n"},
	{args: "generate --kv f8 x", code: 2, stderr: "linnet: --kv: .*f8.*\n"},
	{args: "generate --threads -1 x", code: 2, stderr: "linnet: --threads -1: need 1 or more\n"},
	{args: "generate --level sse9 x", code: 1, stderr: "linnet: level \"sse9\": this CPU has ref.*\n"},
	{args: "generate -q x", env: "LINNET_LEVEL=sse9", code: 1, stderr: "linnet: level \"sse9\": this CPU has ref.*\n"},
	{args: "generate -q -f long.txt", code: 1, stdout: ".*", stderr: "linnet: built-in model: the context is full: \\d+ tokens, room for 2048\n"},

	{args: "next -q 'Once upon a'", stdout: "rank +id +token +p\n1 +378 +\" time\" +0.9.* +█+\n2 .*\n10 [^\n]*\n"},
	{args: "next -q --top 2 --mode greedy 'Once upon a'", stdout: "rank +id +token +p +drawn\n1 +378 +\" time\" +0.9\\d+ +1.0000 +█{40}\n2 .* +0.0000\n"},
	{args: "next -q --json --top 1 --top-k 1 'Once upon a'", stdout: `\{"prompt":"Once upon a","next":\[\{"rank":1,"id":378,"text":" time","p":0.9\d+,"p_drawn":1,"logit":[\d.]+\}\]\}` + "\n"},
	{args: "next --top 0 x", code: 2, stderr: "linnet: --top 0: need 1 or more\n"},

	{args: "logits -q --ids odd.bin", code: 1, stderr: "linnet: odd.bin: is neither .*\n"},
	{args: "logits -q --ids -", stdin: "[1, 600]", code: 1, stderr: "linnet: built-in model: token 600 at position 1: the vocabulary has 512\n"},
	{args: "logits -q --ids -", stdin: "[]", code: 1, stderr: "linnet: built-in model: no tokens: .*\n"},
	{args: "logits --ids ids.bin x", code: 2, stderr: "linnet: logits: got a text and --ids, takes one\n"},
	{args: "logits -q -o absent/x x", code: 1, stderr: "linnet: open absent/x.*\n"},

	{args: "tokenize -q 'Once upon a time'", stdout: " *1 +0 +\"[^\"]*\"\n *403 .*\"\n *407 .*\n *378 +\\d+ +\" time\"\n"},
	{args: "tokenize -q --json --no-bos 'Once upon a time'", stdout: `\{"ids":\[403,407,261,378\],"pieces":\["▁Once","▁upon","▁a","▁time"\]\}` + "\n"},
	{args: "tokenize -q --count 'Once upon a time'", stdout: "5\n"},
	{args: "tokenize -q --count --json", stdin: "Once upon a time", stdout: "{\"count\":5}\n"},
	{args: "tokenize -q --json --no-bos --special '</s>'", stdout: `\{"ids":\[2\],"pieces":\["</s>"\]\}` + "\n"},
	{args: "tokenize -q --jsonl", stdin: `{"text":"a","add_special":false}` + "\n\n" + `{"text_b64":"/w==","parse_special":true}`, stdout: `\{"ids":\[\d+\],"pieces":\["▁a"\]\}` + "\n" + `\{"ids":\[1,\d+,258\],"pieces":\["<s>","▁","<0xFF>"\]\}` + "\n"},
	{args: "tokenize -q --jsonl", stdin: `{"text":"a"}` + "\n" + `{"words":1}`, code: 1, stdout: "{.*}\n", stderr: "linnet: standard input, line 2: needs either \"text\" or \"text_b64\"\n"},
	{args: "tokenize -q --jsonl", stdin: "Once", code: 1, stderr: "linnet: standard input, line 1: .*\n"},
	{args: "tokenize --jsonl a", code: 2, stderr: "linnet: tokenize: --jsonl reads standard input, got a text\n"},
	{args: "tokenize -m vocab.gguf --count 'Once upon a time'", stdout: "5\n"},
	{args: "tokenize -m pre.gguf x", code: 1, stderr: "linnet: pre.gguf: .*\"wordsmith\".*\n"},
	{args: "detokenize -q 1 403 407 261 378", stdout: "Once upon a time"},
	{args: "detokenize -q --special", stdin: "[1, 403, 407]\n", stdout: "<s> Once upon"},
	{args: "detokenize -q --json 258", stdout: `\{"text_b64":"/w=="\}` + "\n"},
	{args: "detokenize -q --jsonl", stdin: `{"ids":[403,407]}` + "\n" + `{"ids":[258]}` + "\n" + `{"ids":[]}`, stdout: `\{"text":"Once upon"\}` + "\n" + `\{"text_b64":"/w=="\}` + "\n" + `\{"text":""\}` + "\n"},
	{args: "detokenize -q --jsonl", stdin: `{"text":"a"}`, code: 1, stderr: "linnet: standard input, line 1: needs \"ids\"\n"},
	{args: "detokenize -q 600", code: 1, stderr: "linnet: built-in model: token 600 at position 0: the vocabulary has 512\n"},
	{args: "detokenize one", code: 2, stderr: "linnet: \"one\" is no token id\n"},

	{args: "inspect stories.gguf --ctx 100 --kv f32", stdout: "file +stories.gguf: GGUF v3, 370.2 KB\nmodel .* \"llama\"\nruns here +yes\nparameters +292800 in 48 tensors\n +Q8_0 .*shape +5 layers .*tokenizer .*: 512 tokens, BOS 1 \\(added\\), EOS 2\nchat template +no\nmemory .*KV cache of 100 tokens .*f32.*\n"},
	{args: "inspect mammoth.gguf", stdout: ".*runs here +no: architecture \"mammoth\": not supported.*"},
	{args: "inspect vocab.gguf", stdout: ".*runs here +no: .*parameters +0 in 0 tensors\ntokenizer .*512 tokens.*"},
	{args: "inspect pre.gguf", stdout: ".*does not work: .*wordsmith.*"},
	{args: "inspect shape.gguf", stdout: ".*runs here +no: .*blk.2.attn_q.weight.*"},
	{args: "inspect -q --tensors --meta", stdout: ".*\nblk.4.ffn_norm.weight +F32 +64 +256\n.*\ntokenizer.ggml.tokens = \\[\"<unk>\",.*\\]\\.\\.\\. \\(512 elements\\)\n.*"},
	{args: "inspect stories.gguf --keys llama.block_count,general.architecture", stdout: "llama.block_count = 5\ngeneral.architecture = \"llama\"\n"},
	{args: "inspect stories.gguf --json --keys llama.block_count", stdout: "{\"llama.block_count\":5}\n"},
	{args: "inspect stories.gguf --keys llama.wings", code: 1, stderr: "linnet: stories.gguf: no key \"llama.wings\" .*\n"},
	{args: "inspect stories.gguf --json --tensors --meta", stdout: `\{"file":"stories.gguf","format":"GGUF v3","bytes":379104,"architecture":"llama","name":"llama","runs":true,"parameters":292800,"tensors":48,"types":\[\{"type":"Q8_0",.*"memory":\{"weights":\d+,.*"tensor_list":\[\{"name":"[^"]+","type":"[^"]+","dims":\[\d+.*"meta":\{.*\}` + "\n"},

	{args: "cpu", stdout: "CPU .*\nlevels +ref.*\nlevel .*\ncores .*\nworkers +\\d+\ncaches .*\n"},
	{args: "cpu --level ref", stdout: ".*\nlevel +ref \\(--level\\)\n.*"},
	{args: "cpu --json", env: "LINNET_LEVEL=ref", stdout: `\{"model":".*","arch":"\w+","levels":\["ref".*\],"level":"ref","reason":"\$LINNET_LEVEL","physical_cores":.*\}` + "\n"},
	{args: "cpu now", code: 2, stderr: "linnet: cpu: got 1 arguments, takes none .*\n"},
	{args: "version", stdout: "linnet .*, go1\\.\\S+ \\w+/\\w+, levels ref.*\n"},
	{args: "version --json", stdout: `\{"version":.*"levels":\["ref".*\]\}` + "\n"},
	{args: "completion bash", stdout: ".*bash completion.*"},
	{args: "completion zsh", stdout: "#compdef linnet.*"},
	{args: "completion fish", stdout: ".*fish completion.*"},
	{args: "completion powershell", stdout: ".*powershell completion.*"},
	{args: "", stdout: "linnet runs transformer .*Available Commands:.*"},
	{args: "generate --help", stdout: "Writes the prompt .*--mode .*"},
	{args: "genrate x", code: 2, stderr: "linnet: no command \"genrate\"; did you mean \"generate\"\\? .*\n"},
}

// badFiles are given to every command that opens a model.
var badFiles = []invocation{
	{args: "storys.gguf", stderr: "linnet: storys.gguf: .*; the nearest name there is \"stories.gguf\"\n"},
	{args: "absent/stories.gguf", stderr: "linnet: absent/stories.gguf: .*\n"},
	{args: ".", stderr: "linnet: .: is a directory without model.safetensors; it holds .*\n"},
	{args: "notes.md", stderr: "linnet: notes.md: not a GGUF file: begins with \"# Mod\"\n"},
	{args: "empty.gguf", stderr: "linnet: empty.gguf: not a GGUF file: it is empty\n"},
	{args: "random.gguf", stderr: "linnet: random.gguf: not a GGUF file: .*\n"},
	{args: "cut.gguf", stderr: "linnet: cut.gguf: gguf: tensor \".*\n"},
	{args: "head-only.gguf", stderr: "linnet: head-only.gguf: gguf: .*\n"},
	{args: "type-99.gguf", stderr: "linnet: type-99.gguf: gguf: tensor \"output_norm.weight\": .*99.*\n"},
}

// badModels are whole files of models that do not run.
var badModels = []invocation{
	{args: "mammoth.gguf", stderr: "linnet: mammoth.gguf: architecture \"mammoth\": not supported.*\n"},
	{args: "vocab.gguf", stderr: "linnet: vocab.gguf: .*\n"},
	{args: "no-heads.gguf", stderr: "linnet: no-heads.gguf: key \"llama.attention.head_count\".*\n"},
	{args: "pre.gguf", stderr: "linnet: pre.gguf: .*wordsmith.*\n"},
	{args: "shape.gguf", stderr: "linnet: shape.gguf: tensor \"blk.2.attn_q.weight\".*\n"},
}

func TestInvocations(t *testing.T) {
	all := invocations
	for _, command := range []string{"generate x -m ", "next x -m ", "logits x -m ", "tokenize x -m ", "detokenize 1 -m ", "inspect "} {
		for _, bad := range badFiles {
			bad.args, bad.code = command+bad.args, 1
			all = append(all, bad)
		}
	}
	for _, command := range []string{"generate x -m ", "next x -m ", "logits x -m "} {
		for _, bad := range badModels {
			bad.args, bad.code = command+bad.args, 1
			all = append(all, bad)
		}
	}
	for _, c := range all {
		t.Run(c.args, func(t *testing.T) {
			cmd := command(words(c.args)...)
			if c.env != "" {
				cmd.Env = append(cmd.Env, c.env)
			}
			r := run(t, cmd, c.stdin)
			if r.code != c.code {
				t.Errorf("exit %d, want %d", r.code, c.code)
			}
			match(t, "stdout", r.stdout, c.stdout)
			match(t, "stderr", r.stderr, c.stderr)
			if c.code != 0 && strings.Count(r.stderr, "\n") != 1 {
				t.Errorf("an error takes one line, got %q", r.stderr)
			}
		})
	}
}

// words splits a command line at spaces outside single quotes.
func words(line string) []string {
	var list []string
	for i, part := range strings.Split(line, "'") {
		if i%2 == 1 {
			list = append(list, part)
		} else {
			list = append(list, strings.Fields(part)...)
		}
	}
	return list
}
