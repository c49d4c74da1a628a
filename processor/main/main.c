/* main.c - the program: finds the subcommand. */
int main(void)
{
    return 2;
}
