# Turns the rounds into Markdown tables. Input: `memory, subject, MiB`, then
# `scenario, round, subject, requests/s, p50 µs, p99 µs, errors, processor µs a request, first error`.

function median(list, count,    i, j, swap) {
  for (i = 2; i <= count; i++)
    for (j = i; j > 1 && list[j - 1] > list[j]; j--) {
      swap = list[j]; list[j] = list[j - 1]; list[j - 1] = swap
    }
  return count % 2 ? list[(count + 1) / 2] : (list[count / 2] + list[count / 2 + 1]) / 2
}

function middle(scenario, subject, column,    round, list) {
  for (round = 1; round <= rounds; round++) list[round] = cell[scenario, round, subject, column]
  return median(list, rounds)
}

function ratio(scenario, subject,    round, list, theirs) {
  for (round = 1; round <= rounds; round++) {
    theirs = cell[scenario, round, subject, RATE]
    list[round] = theirs ? cell[scenario, round, "nicetap", RATE] / theirs : 0
  }
  return median(list, rounds)
}

function milliseconds(micros) { return sprintf(micros < 10000 ? "%.2f" : "%.0f", micros / 1000) }

function header(title,    s, line) {
  line = "|---|"
  printf "\n| %s |", title
  for (s = 1; s <= many; s++) { printf " %s |", subject[s]; line = line "---:|" }
  print "\n" line
}

BEGIN {
  RATE = 4
  many = split(subjects, subject, " ")
  kinds = split(scenarios, scenario, " ")
  name["keep-N"] = "keep-alive, N clients"
  name["keep-1"] = "keep-alive, 1 client"
  name["fresh-N"] = "a new connection each, N clients"
  name["fresh-1"] = "a new connection each, 1 client"
  has_nicetap = index(" " subjects " ", " nicetap ")
}

$1 == "memory" { memory[$2] = $3; next }

{
  if ($2 > rounds) rounds = $2
  for (column = 4; column <= 8; column++) cell[$1, $2, $3, column] = $column
  errors[$3] += $7
  if ($9 != "-") example[$3] = $9
}

END {
  header("requests per second")
  for (k = 1; k <= kinds; k++) {
    printf "| %s |", name[scenario[k]]
    for (s = 1; s <= many; s++) {
      printf " %.0f", middle(scenario[k], subject[s], RATE)
      if (has_nicetap && subject[s] != "nicetap" && subject[s] != "direct")
        printf " (%.2f ×)", ratio(scenario[k], subject[s])
      printf " |"
    }
    print ""
  }

  header("latency p50 / p99, ms")
  for (k = 1; k <= kinds; k++) {
    printf "| %s |", name[scenario[k]]
    for (s = 1; s <= many; s++)
      printf " %s / %s |", milliseconds(middle(scenario[k], subject[s], 5)), milliseconds(middle(scenario[k], subject[s], 6))
    print ""
  }

  header("cost")
  for (k = 1; k <= kinds; k++) {
    printf "| %s: µs of processor a request |", name[scenario[k]]
    for (s = 1; s <= many; s++)
      printf " %s |", subject[s] == "direct" ? "" : sprintf("%.0f", middle(scenario[k], subject[s], 8))
    print ""
  }
  printf "| peak resident memory, MiB |"
  for (s = 1; s <= many; s++) printf " %s |", subject[s] == "direct" ? "" : memory[subject[s]]
  printf "\n| failed requests |"
  for (s = 1; s <= many; s++) printf " %d |", errors[subject[s]]
  print ""
  for (s = 1; s <= many; s++)
    if (subject[s] in example) printf "\n%s failed with: %s\n", subject[s], example[subject[s]]

  if (!has_nicetap) exit
  print ""
  verdict("keep-N", 0.9)
  verdict("fresh-N", 2)
}

function verdict(scenario, wanted,    got) {
  if (index(" " subjects " ", " hudsucker ") == 0 || !((scenario, 1, "hudsucker", RATE) in cell)) return
  got = ratio(scenario, "hudsucker")
  printf("- %s: %.2f × hudsucker, wanted %.1f: %s\n", name[scenario], got, wanted, got >= wanted ? "met" : "MISSED")
}
