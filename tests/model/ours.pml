/* slickq's ring protocol. README.md tells what is modelled and what is not. */
#include "ring.pml"
#include "journal.pml"
#include "producer.pml"
#include "reader.pml"
#include "repairer.pml"

init {
  byte k;
  atomic {
    knobs();
    do
    :: k < P ->
      if
      :: k > 0 && others == 0 -> over++
      :: else -> run producer(k)
      fi;
      k++
    :: else -> k = 0; break
    od;
    do
    :: k < own_readers -> run reader(false); k++
    :: else -> k = 0; break
    od;
    do
    :: k < shared_readers -> run reader(true); k++
    :: else -> k = 0; break
    od;
    do
    :: k < repairers -> run repairer(); k++
    :: else -> k = 0; break
    od
  }
}
