/* lockstep-sim: a virtual device. Nothing but main lives here. */
#include "sim/run.h"

int main(int argc, char **argv)
{
    return sim_run(argc, argv);
}
